import { rng, stream } from '@pleat/random';
import type { SquareMatrix } from '../src/index.ts';

/** Random cities in the unit square. */
export function randomCities(n: number, seed: number): SquareMatrix {
  const random = rng(stream(seed, 'test/cities'));
  const points = Array.from({ length: n }, () => [random.uniform(), random.uniform()] as const);
  return fromDistance(n, (i, j) =>
    Math.hypot(points[i]![0] - points[j]![0], points[i]![1] - points[j]![1]),
  );
}

/** Independent random distances, without a triangle inequality. */
export function randomMatrix(n: number, seed: number): SquareMatrix {
  const random = rng(stream(seed, 'test/matrix'));
  return fromDistance(n, () => random.integer(1000));
}

export function fromDistance(
  n: number,
  distance: (i: number, j: number) => number,
): SquareMatrix & { data: Float32Array } {
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const d = distance(i, j);
      data[i * n + j] = d;
      data[j * n + i] = d;
    }
  }
  return { n, data };
}

/** Length of an order, added up here and not by the code under test. */
export function measure(
  { n, data }: SquareMatrix,
  order: ArrayLike<number>,
  closed: boolean,
): number {
  let sum = 0;
  for (let i = 0; i + 1 < order.length; i++) sum += data[order[i]! * n + order[i + 1]!]!;
  return closed ? sum + data[order[order.length - 1]! * n + order[0]!]! : sum;
}

/** The shortest length by trying all orders. */
export function bruteForce(matrix: SquareMatrix, closed: boolean): number {
  let best = Infinity;
  const visit = (order: number[], left: number[]): void => {
    if (left.length === 0) best = Math.min(best, measure(matrix, order, closed));
    for (const city of left)
      visit(
        [...order, city],
        left.filter((other) => other !== city),
      );
  };
  visit(
    [],
    Array.from({ length: matrix.n }, (_, i) => i),
  );
  return best;
}

/** Distances in edges along the shortest way through a graph (Floyd & Warshall). */
function hops(n: number, edges: readonly [number, number][]): SquareMatrix {
  const matrix = fromDistance(n, () => n);
  const { data } = matrix;
  for (const [i, j] of edges) data[i * n + j] = data[j * n + i] = 1;
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        data[i * n + j] = Math.min(data[i * n + j]!, data[i * n + k]! + data[k * n + j]!);
      }
    }
  }
  return matrix;
}

/**
 * Three paths of four cities whose ends form two triangles: the textbook case of a Held-Karp bound far below the
 * optimum (Boyd & Pulleyblank 1991).
 */
export function trianglesAndPaths(): SquareMatrix {
  return hops(12, [
    ...[0, 1, 2, 4, 5, 6, 8, 9, 10].map((i): [number, number] => [i, i + 1]),
    ...([
      [0, 4],
      [4, 8],
      [8, 0],
      [3, 7],
      [7, 11],
      [11, 3],
    ] as [number, number][]),
  ]);
}

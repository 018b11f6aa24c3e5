import type { Clusters } from './clusters.ts';
import { borrowKernel } from './kernel.ts';
import type { SquareMatrix } from './matrix.ts';

/** Penalties of the cities, the degrees they have in a 1-tree, and the steps that bring those closer to two. */
export interface Penalties {
  readonly pi: Float64Array;
  readonly degree: Int32Array;
  /**
   * Ties the last city to a spanning tree of the others, whose weight and degrees are given, by its two cheapest edges.
   *
   * @returns the bound of that 1-tree; the two cities lie in `ends`
   */
  close(weight: number): number;
  readonly ends: Int32Array;
  /** Which sets of cities steps also move as wholes. */
  group(clusters: Clusters): void;
  /** Finds the direction of a step from the degrees; returns its squared length, in its own measure. */
  slope(): number;
  /** One step along the directions of late: `momentum` is the share that stays of those before. */
  move(length: number, momentum: number): void;
  /** Forgets the directions of the steps before. */
  rest(): void;
  /** To be called when they are not needed any more. */
  free(): void;
}

/** Penalties of 0. */
export function createPenalties(matrix: SquareMatrix): Penalties {
  return compiledPenalties(matrix) ?? portablePenalties(matrix);
}

const lastRow = ({ n, data }: SquareMatrix) => data.subarray((n - 1) * n, n * n);

/** Penalties in plain JavaScript. */
export function portablePenalties(matrix: SquareMatrix): Penalties {
  const { n } = matrix;
  const last = n - 1;
  const row = lastRow(matrix);
  const pi = new Float64Array(n);
  const degree = new Int32Array(n);
  const ends = new Int32Array(2);
  const direction = new Float64Array(n);
  let clusters: Clusters;
  let steepest: Float64Array;

  function close(weight: number): number {
    let [least, second, penalties] = [Infinity, Infinity, 0];
    ends.fill(0);
    for (let i = 0; i < last; i++) {
      const cost = row[i]! + pi[i]!;
      penalties += pi[i]!;
      if (cost < least) {
        second = least;
        ends[1] = ends[0]!;
        least = cost;
        ends[0] = i;
      } else if (cost < second) {
        second = cost;
        ends[1] = i;
      }
    }
    for (const end of ends) degree[end]!++;
    degree[last] = 2;
    return weight + least + second - 2 * penalties;
  }

  function slope(): number {
    const { above, moves } = clusters;
    steepest.fill(0, n);
    let norm = 0;
    for (let node = 0; node < moves.length; node++) {
      const sum = node < n ? degree[node]! - 2 : steepest[node]!;
      norm += moves[node]! * sum * sum;
      if (above[node]! >= 0) steepest[above[node]!]! += sum;
      steepest[node] = moves[node]! * sum;
    }
    for (let node = moves.length - 1; node >= 0; node--) {
      if (above[node]! >= 0) steepest[node]! += steepest[above[node]!]!;
    }
    return norm;
  }

  return {
    ...{ pi, degree, ends, close, slope },
    group(found) {
      clusters = found;
      steepest = new Float64Array(found.moves.length);
    },
    move(length, momentum) {
      for (let i = 0; i < n; i++) {
        direction[i] = (1 - momentum) * steepest[i]! + momentum * direction[i]!;
        pi[i]! += length * direction[i]!;
      }
    },
    rest: () => direction.fill(0),
    free: () => {},
  };
}

/** Penalties in WebAssembly memory, with the same bits, or null where there is none. */
export function compiledPenalties(matrix: SquareMatrix): Penalties | null {
  const { n } = matrix;
  const most = 2 * n;
  const [pi, direction, row, moves, steepest] = [0, 8 * n, 16 * n, 24 * n, 24 * n + 8 * most];
  const degree = steepest + 8 * most;
  const [above, ends] = [degree + 4 * n, degree + 4 * n + 4 * most];
  const kernel = borrowKernel(ends + 8);
  if (!kernel) return null;
  const { buffer } = kernel.memory;
  const doubles = (at: number, length: number) => new Float64Array(buffer, at, length).fill(0);
  const ints = (at: number, length: number) => new Int32Array(buffer, at, length).fill(0);
  doubles(row, n).set(lastRow(matrix));
  const directions = doubles(direction, n);
  let nodes = 0;
  return {
    pi: doubles(pi, n),
    degree: ints(degree, n),
    ends: ints(ends, 2),
    close: (weight) => kernel.closeTree(weight, row, pi, n - 1, degree, ends),
    group(clusters) {
      nodes = clusters.moves.length;
      doubles(moves, nodes).set(clusters.moves);
      ints(above, nodes).set(clusters.above);
    },
    slope: () => kernel.spread(degree, n, nodes, moves, above, steepest),
    move: (length, momentum) => kernel.move(n, length, momentum, steepest, direction, pi),
    rest: () => directions.fill(0),
    free: () => kernel.giveBack(),
  };
}

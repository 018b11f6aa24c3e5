import type { SquareMatrix } from './matrix.ts';

/** The candidate neighbours of every city: up to `count` a row, `list[city * count + k]`, -1 past the last. */
export interface Neighbours {
  readonly count: number;
  readonly list: Int32Array;
}

/**
 * For each city the `count` nearest others by `cost(i, j) = d[i, j] + penalty[j]`, nearest first.
 *
 * The penalty of the row's own city shifts a whole row and so leaves its order alone.
 */
export function nearest(matrix: SquareMatrix, count: number, penalty?: Float64Array): Neighbours {
  const { n, data } = matrix;
  const k = Math.min(count, n - 1);
  const list = new Int32Array(n * k);
  const costs = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const base = i * k;
    let filled = 0;
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const cost = penalty ? data[row + j]! + penalty[j]! : data[row + j]!;
      if (filled === k && cost >= costs[k - 1]!) continue;
      let at = filled < k ? filled++ : k - 1;
      while (at > 0 && costs[at - 1]! > cost) {
        costs[at] = costs[at - 1]!;
        list[base + at] = list[base + at - 1]!;
        at--;
      }
      costs[at] = cost;
      list[base + at] = j;
    }
  }
  return { count: k, list };
}

/** Candidate lists from edges (pairs of cities, each seen from both ends), every city's nearest first. */
export function fromEdges(
  matrix: SquareMatrix,
  edgeLists: readonly Int32Array[],
  most: number,
): Neighbours {
  const { n, data } = matrix;
  const rows = Array.from({ length: n }, (): number[] => []);
  const link = (i: number, j: number): void => {
    if (!rows[i]!.includes(j)) rows[i]!.push(j);
  };
  for (const edges of edgeLists) {
    for (let e = 0; e < edges.length; e += 2) {
      link(edges[e]!, edges[e + 1]!);
      link(edges[e + 1]!, edges[e]!);
    }
  }
  const count = Math.min(most, n - 1);
  const list = new Int32Array(n * count).fill(-1);
  for (const [i, row] of rows.entries()) {
    row.sort((x, y) => data[i * n + x]! - data[i * n + y]! || x - y);
    list.set(row.slice(0, count), i * count);
  }
  return { count, list };
}

/** The edges of the lists, as pairs of cities. */
export function pairs({ count, list }: Neighbours): Int32Array {
  const edges = new Int32Array(2 * list.length);
  for (let e = 0; e < list.length; e++) {
    edges[2 * e] = (e / count) | 0;
    edges[2 * e + 1] = list[e]!;
  }
  return edges;
}

/** The first `most` of every city. */
export function first({ count, list }: Neighbours, most: number): Neighbours {
  const kept = Math.min(most, count);
  return { count: kept, list: list.filter((_, k) => k % count < kept) };
}

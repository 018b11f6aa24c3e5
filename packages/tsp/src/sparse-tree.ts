import type { SquareMatrix } from './matrix.ts';

/** Measures the minimum spanning tree of cities 0 .. n - 2 within a sparse graph: adds its edges to `degree`. */
export type SparseTree = (pi: Float64Array, degree: Int32Array) => number;

interface Graph {
  readonly start: Int32Array;
  readonly to: Int32Array;
  readonly cost: Float64Array;
}

/** The union of edge lists (pairs of cities) as rows `start[i] .. start[i + 1]`; edges of the last city are left out. */
function graphOf({ n, data }: SquareMatrix, edgeLists: readonly Int32Array[]): Graph {
  const s = n - 1;
  const size = new Int32Array(n + 1);
  const count = (visit: (i: number, j: number) => void): void => {
    for (const edges of edgeLists) {
      for (let e = 0; e < edges.length; e += 2) {
        const i = edges[e]!;
        const j = edges[e + 1]!;
        if (i === s || j === s) continue;
        visit(i, j);
        visit(j, i);
      }
    }
  };
  count((i) => size[i + 1]!++);
  for (let i = 0; i < n; i++) size[i + 1]! += size[i]!;
  const all = new Int32Array(size[n]!);
  const filled = size.slice();
  count((i, j) => {
    all[filled[i]!++] = j;
  });
  // The lists overlap; keep each edge once.
  const seen = new Int32Array(n).fill(-1);
  const start = new Int32Array(n);
  const to = new Int32Array(all.length);
  const cost = new Float64Array(all.length);
  let m = 0;
  for (let i = 0; i < s; i++) {
    start[i] = m;
    for (let e = size[i]!; e < size[i + 1]!; e++) {
      const j = all[e]!;
      if (seen[j] === i) continue;
      seen[j] = i;
      to[m] = j;
      // Kept beside the edge: reaching into the matrix would cost a cache miss an edge.
      cost[m++] = data[i * n + j]!;
    }
  }
  start[s] = m;
  return { start, to, cost };
}

/**
 * Prim's algorithm with a heap on the union of edge lists, which must connect the cities 0 .. n - 2.
 *
 * It costs what its few edges cost and steers the ascent; only the dense tree's bound is a certificate.
 */
export function createSparseTree(
  matrix: SquareMatrix,
  edgeLists: readonly Int32Array[],
): SparseTree {
  const { start, to, cost } = graphOf(matrix, edgeLists);
  const s = matrix.n - 1;
  const parent = new Int32Array(s);
  const key = new Float64Array(s);
  const heap = new Int32Array(s);
  // Place of a city in the heap; -1 before it gets there, -2 once it is in the tree.
  const slot = new Int32Array(s);

  function rise(city: number, from: number): void {
    let i = from;
    const value = key[city]!;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const above = heap[up]!;
      if (key[above]! <= value) break;
      heap[i] = above;
      slot[above] = i;
      i = up;
    }
    heap[i] = city;
    slot[city] = i;
  }

  /** Puts a city at the top of a heap of `size` and lets it sink. */
  function sink(city: number, size: number): void {
    const value = key[city]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && key[heap[child + 1]!]! < key[heap[child]!]!) child++;
      const below = heap[child]!;
      if (key[below]! >= value) break;
      heap[i] = below;
      slot[below] = i;
      i = child;
    }
    heap[i] = city;
    slot[city] = i;
  }

  return (pi, degree) => {
    slot.fill(-1);
    let weight = 0;
    let size = 1;
    heap[0] = 0;
    key[0] = 0;
    while (size > 0) {
      const i: number = heap[0]!;
      slot[i] = -2;
      size--;
      if (size > 0) sink(heap[size]!, size);
      if (i > 0) {
        weight += key[i]!;
        degree[i]!++;
        degree[parent[i]!]!++;
      }
      const offset = pi[i]!;
      for (let e: number = start[i]!; e < start[i + 1]!; e++) {
        const j = to[e]!;
        const at = slot[j]!;
        if (at === -2) continue;
        const reduced = cost[e]! + offset + pi[j]!;
        if (at === -1 || reduced < key[j]!) {
          key[j] = reduced;
          parent[j] = i;
          rise(j, at === -1 ? size++ : at);
        }
      }
    }
    return weight;
  };
}

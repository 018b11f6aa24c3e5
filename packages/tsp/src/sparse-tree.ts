import { createRadixSort } from './radix-sort.ts';
import type { SparseGraph } from './sparse-graph.ts';

/** Measures minimum spanning trees within a sparse graph. */
export interface SparseTree {
  /** Weight of the tree under cost[e] + pi[i] + pi[j]; adds its edges to `degree`. */
  measure(pi: Float64Array, degree: Int32Array): number;
  /** The edges of the tree measured last, by number. */
  readonly edges: Int32Array;
}

/**
 * Kruskal's algorithm on a graph that must connect the cities 0 .. n - 2.
 *
 * Edges are sorted by their costs in float32, in time that grows only with their number: the tree may be heavier than
 * the least one by such a rounding. It steers the ascent; only the dense tree's bound is a certificate.
 */
export function createSparseTree(graph: SparseGraph): SparseTree {
  const s = graph.cities;
  const edges = new Int32Array(Math.max(0, s - 1));
  const above = new Int32Array(s);
  const alone = Int32Array.from({ length: s }, (_, i) => i);
  let sort = createRadixSort(0);

  function measure(pi: Float64Array, degree: Int32Array): number {
    const { ends, cost, count } = graph;
    if (sort.keys.length !== count) sort = createRadixSort(count);
    const { keys } = sort;
    for (let e = 0; e < count; e++) keys[e] = cost[e]! + pi[ends[2 * e]!]! + pi[ends[2 * e + 1]!]!;
    const order = sort.run();
    above.set(alone);
    let weight = 0;
    let taken = 0;
    for (let k = 0; taken < s - 1; k++) {
      const e = order[k]!;
      const i = ends[2 * e]!;
      const j = ends[2 * e + 1]!;
      // The sets of both ends, not by a call: this is the loop that the ascent's time goes to.
      let a = i;
      let b = j;
      while (above[a] !== a) {
        above[a] = above[above[a]!]!;
        a = above[a]!;
      }
      while (above[b] !== b) {
        above[b] = above[above[b]!]!;
        b = above[b]!;
      }
      if (a === b) continue;
      above[a] = b;
      edges[taken++] = e;
      degree[i]!++;
      degree[j]!++;
      weight += cost[e]! + pi[i]! + pi[j]!;
    }
    return weight;
  }
  return { measure, edges };
}

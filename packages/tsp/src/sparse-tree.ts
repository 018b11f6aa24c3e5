import { borrowKernel, reserve } from './kernel.ts';
import { createRadixSort } from './radix-sort.ts';
import type { SparseGraph } from './sparse-graph.ts';
import { createUnionFind } from './union-find.ts';

/** Measures minimum spanning trees within a sparse graph. */
export interface SparseTree {
  /** Weight of the tree under cost[e] + pi[i] + pi[j]; `degree` becomes that of the cities within it. */
  measure(pi: Float64Array, degree: Int32Array): number;
  /** The edges of the tree measured last, by number. */
  readonly edges: Int32Array;
  /** To be called when it is not needed any more. */
  free(): void;
}

/**
 * Kruskal's algorithm on a graph that must connect the cities 0 .. n - 2.
 *
 * Edges are sorted by their costs in float32, in time that grows only with their number: the tree may be heavier than
 * the least one by such a rounding. It steers the ascent; only the dense tree's bound is a certificate.
 */
export function createSparseTree(graph: SparseGraph): SparseTree {
  return compiledSparseTree(graph) ?? portableSparseTree(graph);
}

/** The trees in plain JavaScript. */
export function portableSparseTree(graph: SparseGraph): SparseTree {
  const s = graph.cities;
  const edges = new Int32Array(Math.max(0, s - 1));
  let sort = createRadixSort(0);

  function measure(pi: Float64Array, degree: Int32Array): number {
    const { ends, cost, count } = graph;
    if (sort.keys.length !== count) sort = createRadixSort(count);
    const { keys } = sort;
    for (let e = 0; e < count; e++) keys[e] = cost[e]! + pi[ends[2 * e]!]! + pi[ends[2 * e + 1]!]!;
    const order = sort.run();
    const sets = createUnionFind(s);
    degree.fill(0);
    let weight = 0;
    let taken = 0;
    for (let k = 0; taken < s - 1; k++) {
      const e = order[k]!;
      const i = ends[2 * e]!;
      const j = ends[2 * e + 1]!;
      if (sets.find(i) === sets.find(j)) continue;
      sets.join(i, j);
      edges[taken++] = e;
      degree[i]!++;
      degree[j]!++;
      weight += cost[e]! + pi[i]! + pi[j]!;
    }
    return weight;
  }
  return { measure, edges, free: () => {} };
}

// Numbers to sort by are taken apart into three digits of 2,048 values.
const places = 3 * 2048;

/** The trees in WebAssembly memory of their own, with the same bits, or null where there is none. */
export function compiledSparseTree(graph: SparseGraph): SparseTree | null {
  const s = graph.cities;
  // What depends on the number of cities comes first; edges are added as time goes on.
  const [pi, above, degree, edges] = [0, 8 * s, 12 * s, 16 * s];
  const digits = 20 * s;
  const lists = (digits + 4 * places + 7) & ~7;
  const bytes = (): number => lists + 28 * graph.count;
  const kernel = borrowKernel(bytes());
  if (!kernel) return null;
  let count = -1;
  let views = viewsOf(kernel.memory.buffer);

  function viewsOf(buffer: ArrayBuffer) {
    const ints = (at: number, length: number) => new Int32Array(buffer, at, length);
    return {
      pi: new Float64Array(buffer, pi, s),
      degree: ints(degree, s),
      edges: ints(edges, Math.max(0, s - 1)),
    };
  }

  return {
    measure(penalties, degrees) {
      const { memory } = kernel;
      const [cost, ends] = [lists, lists + 8 * graph.count];
      if (count !== graph.count) {
        ({ count } = graph);
        reserve(kernel, bytes());
        views = viewsOf(memory.buffer);
        new Int32Array(memory.buffer, ends, 2 * count).set(graph.ends);
      }
      new Float64Array(memory.buffer, cost, count).set(graph.cost);
      views.pi.set(penalties.subarray(0, s));
      const [codes, first, second] = [0, 1, 2].map((k) => ends + (8 + 4 * k) * count) as [
        number,
        number,
        number,
      ];
      const weight = kernel.sparseTree(
        ...([
          ends,
          cost,
          count,
          pi,
          s,
          codes,
          first,
          second,
          digits,
          above,
          degree,
          edges,
        ] as const),
      );
      degrees.set(views.degree);
      return weight;
    },
    get edges() {
      return views.edges;
    },
    free: () => kernel.giveBack(),
  };
}

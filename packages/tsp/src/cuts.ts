import type { SparseGraph } from './sparse-graph.ts';
import { createUnionFind } from './union-find.ts';

/**
 * A 2-matching inequality (Edmonds 1965): of the edges within a set of cities, the handle, and an odd number of edges
 * that leave it, the teeth, a tour has at most `most`.
 */
export interface Cut {
  readonly handle: readonly number[];
  readonly teeth: readonly number[];
  /** The teeth and the edges within the handle that the graph has, by number. */
  readonly edges: number[];
  /** |handle| + (|teeth| - 1) / 2. */
  readonly most: number;
}

// Edges used to a share in between these are halves of something: the cities they connect make handles.
const between = [
  [0.05, 0.95],
  [0.1, 0.9],
  [0.2, 0.8],
  [0.3, 0.7],
  [0.3, 0.9],
] as const;
// How far a cut must be exceeded, of at most 1/2; less than that is noise of the average.
const least = 0.05;

/**
 * Finds 2-matching inequalities that an average of 1-trees exceeds: handles are the components of edges in partial
 * use (Padberg & Hong 1980), teeth the best for each handle (Padberg & Rao 1982).
 *
 * @param usage how much each edge of the graph is used, 0 .. 1
 */
export function findCuts(graph: SparseGraph, usage: Float64Array): Cut[] {
  const { cities, count, ends } = graph;
  const cuts: Cut[] = [];
  for (const [low, high] of between) {
    const sets = createUnionFind(cities);
    for (let e = 0; e < count; e++) {
      if (usage[e]! > low && usage[e]! < high) sets.join(ends[2 * e]!, ends[2 * e + 1]!);
    }
    const component = new Int32Array(cities);
    const sizes = new Int32Array(cities);
    for (let i = 0; i < cities; i++) {
      component[i] = sets.find(i);
      sizes[component[i]!]!++;
    }
    const handles = new Map<number, number[]>();
    for (let i = 0; i < cities; i++) {
      const at = component[i]!;
      if (sizes[at]! < 3 || sizes[at]! > cities / 2) continue;
      const members = handles.get(at);
      if (members) members.push(i);
      else handles.set(at, [i]);
    }
    for (const handle of handles.values()) {
      const cut = cutOf(graph, usage, handle, component);
      if (cut) cuts.push(cut);
    }
  }
  return cuts;
}

/** The best cut with a handle, the cities of one component; null where it is not exceeded. */
function cutOf(
  graph: SparseGraph,
  usage: Float64Array,
  handle: readonly number[],
  component: Int32Array,
): Cut | null {
  const { start, to, edge } = graph.around();
  const inside: number[] = [];
  const teeth: number[] = [];
  // By how much the inequality, doubled, is not exceeded: what teeth lack of 1 and others have over 0.
  let slack = -1;
  let cheapest = Infinity;
  let flipped = -1;
  for (const i of handle) {
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const e = edge[k]!;
      if (component[to[k]!] === component[i]) {
        // Its other city will meet it too.
        if (i < to[k]!) inside.push(e);
        continue;
      }
      const used = Math.min(1, usage[e]!);
      if (used > 0.5) teeth.push(e);
      slack += Math.min(used, 1 - used);
      const change = Math.abs(1 - 2 * used);
      if (change < cheapest) [cheapest, flipped] = [change, e];
    }
  }
  if (flipped < 0) return null;
  if (teeth.length % 2 === 0) {
    slack += cheapest;
    const at = teeth.indexOf(flipped);
    if (at < 0) teeth.push(flipped);
    else teeth.splice(at, 1);
  }
  if (teeth.length < 3 || slack > -2 * least) return null;
  return {
    handle,
    teeth: teeth.slice().sort((a, b) => a - b),
    edges: [...teeth, ...inside],
    most: handle.length + (teeth.length - 1) / 2,
  };
}

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
  return between.flatMap(([low, high]) => {
    const sets = createUnionFind(graph.cities);
    for (let e = 0; e < graph.count; e++) {
      if (usage[e]! > low && usage[e]! < high)
        sets.join(graph.ends[2 * e]!, graph.ends[2 * e + 1]!);
    }
    const handles = new Map<number, number[]>();
    for (let i = 0; i < graph.cities; i++) {
      const members = handles.get(sets.find(i));
      if (members) members.push(i);
      else handles.set(sets.find(i), [i]);
    }
    return [...handles.values()].flatMap((handle) =>
      handle.length < 3 || handle.length > graph.cities / 2
        ? []
        : (cutOf(graph, usage, handle, (i, j) => sets.find(i) === sets.find(j)) ?? []),
    );
  });
}

function cutOf(
  { start, to, edge }: SparseGraph,
  usage: Float64Array,
  handle: readonly number[],
  together: (i: number, j: number) => boolean,
): Cut | null {
  const inside = new Set<number>();
  const teeth = new Set<number>();
  // By how much the inequality, doubled, is not exceeded: what teeth lack of 1 and others have over 0.
  let slack = -1;
  let cheapest = Infinity;
  let flipped = -1;
  for (const i of handle) {
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const e = edge[k]!;
      if (together(i, to[k]!)) {
        inside.add(e);
        continue;
      }
      const used = Math.min(1, usage[e]!);
      if (used > 0.5) teeth.add(e);
      slack += Math.min(used, 1 - used);
      const change = Math.abs(1 - 2 * used);
      if (change < cheapest) [cheapest, flipped] = [change, e];
    }
  }
  if (flipped < 0) return null;
  if (teeth.size % 2 === 0) {
    slack += cheapest;
    if (!teeth.delete(flipped)) teeth.add(flipped);
  }
  if (teeth.size < 3 || slack > -2 * least) return null;
  return {
    handle,
    teeth: [...teeth].sort((a, b) => a - b),
    edges: [...teeth, ...inside],
    most: handle.length + (teeth.size - 1) / 2,
  };
}

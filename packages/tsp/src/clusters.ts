import type { SpanningTree } from './dense-tree.ts';
import type { SquareMatrix } from './matrix.ts';
import { createUnionFind } from './union-find.ts';

/** Cities and the clusters they form, each after its members. */
export interface Clusters {
  /** The cluster that each joins next, or -1. */
  readonly above: Int32Array;
  /** How far each moves for a slope of 1. */
  readonly moves: Float64Array;
}

// How much a cluster as a whole moves, for each mean neighbour distance that it lies apart.
const clusterScale = 0.1;

/**
 * Moves clusters as wholes besides cities one by one: a preconditioner for the ascent, with one coordinate for every
 * city and one for every set of cities that a spanning tree joins before it joins anything else to them (the tree of
 * single linkage).
 *
 * The slope for a cluster is the number of edges that leave it, less 2. Moving one city at a time, clusters far apart
 * find their level only after thousands of steps; a common move is one step, and leaves the tree within it as it is.
 *
 * @param tree a spanning tree of the cities 0 .. n - 2
 * @param scale how far each city moves
 * @param unit distance that gaps around clusters are measured by
 */
export function createClusters(
  { n, data }: SquareMatrix,
  { parent }: SpanningTree,
  scale: Float64Array,
  unit: number,
): Clusters {
  const joins = n - 2;
  const length = (city: number): number => data[city * n + parent[city]!]!;
  const edges = Int32Array.from({ length: joins }, (_, i) => i + 1);
  edges.sort((x, y) => length(x) - length(y) || x - y);
  // Nodes are the cities and then the clusters, each after its members.
  const nodes = n + joins;
  const above = new Int32Array(nodes).fill(-1);
  const born = new Float64Array(nodes);
  const moves = new Float64Array(nodes);
  moves.set(scale);
  const sets = createUnionFind(n);
  // The newest cluster of each set, by the city that names the set.
  const cluster = Int32Array.from({ length: n }, (_, i) => i);
  for (let k = 0; k < joins; k++) {
    const edge = edges[k]!;
    const at = n + k;
    const joined = length(edge);
    born[at] = joined;
    const [a, b] = [sets.find(edge), sets.find(parent[edge]!)];
    for (const member of [cluster[a]!, cluster[b]!]) {
      above[member] = at;
      if (member >= n) moves[member] = (clusterScale * (joined - born[member]!)) / unit;
    }
    sets.join(a, b);
    cluster[b] = at;
  }

  return { above, moves };
}

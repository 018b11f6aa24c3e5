import { createClusters } from './clusters.ts';
import type { SpanningTree } from './dense-tree.ts';
import { type Neighbours, pairs } from './neighbours.ts';
import type { Space } from './space.ts';
import { createSparseTree } from './sparse-tree.ts';

/** What the ascent found. */
export interface Ascent {
  /** No closed tour is shorter. */
  readonly bound: number;
  /** The penalties that show it. */
  readonly pi: Float64Array;
  /** The minimum 1-tree that goes with them, as pairs of cities. */
  readonly edges: Int32Array;
}

/** How long the ascent may take. */
export interface AscentBudget {
  readonly steps: number;
  /** The share of the time that is used up; 1 or more ends the ascent. */
  readonly timeUsed: () => number;
  /** Penalties to go on from, in shorter steps. */
  readonly from?: Float64Array;
}

// Shares of the steps after which the whole matrix is searched for edges the sparse graph lacks.
const denseAt = [0.1, 0.2, 0.5, 0.8];
const [firstLambda, laterLambda, lastLambda] = [3, 0.5, 0.005];
// Share of the direction that stays from the steps before: it lets steps be longer than 2 without going astray.
const momentum = 0.7;

/**
 * A lower bound on every closed tour by subgradient ascent over node penalties (Held & Karp 1971), with
 * steps measured against a known tour's length (Held, Wolfe & Crowder 1974).
 *
 * Steps look at a sparse graph; only spanning trees of the whole matrix certify a bound. A city's step
 * grows with how far its neighbours are, and clusters also move as wholes, so that dense clusters, lone cities
 * and the wide gaps between them settle together.
 *
 * @param space 4 cities or more
 * @param near candidate edges to begin with
 * @param upper length of a known tour
 */
export function heldKarp(
  space: Space,
  near: Neighbours,
  upper: number,
  { steps, timeUsed, from }: AscentBudget,
): Ascent {
  const { n, data } = space.matrix;
  const last = n - 1;
  const pi = new Float64Array(n);
  const degree = new Int32Array(n);
  const reach = Math.min(1, near.count - 1);

  /** Ties the last city to a spanning tree of the others by its two cheapest edges: the bound of the 1-tree. */
  function close(weight: number, edges?: Int32Array): number {
    let first = Infinity;
    let second = Infinity;
    let firstAt = 0;
    let secondAt = 0;
    let penalties = 0;
    for (let i = 0; i < last; i++) {
      const cost = data[last * n + i]! + pi[i]!;
      penalties += pi[i]!;
      if (cost < first) {
        [second, secondAt] = [first, firstAt];
        [first, firstAt] = [cost, i];
      } else if (cost < second) [second, secondAt] = [cost, i];
    }
    degree[firstAt]!++;
    degree[secondAt]!++;
    degree[last]! += 2;
    edges?.set([last, firstAt, last, secondAt], 2 * (last - 1));
    return weight + first + second - 2 * penalties;
  }

  function dense(): { bound: number; edges: Int32Array; tree: SpanningTree } {
    const tree = space.spanningTree(pi);
    const { parent, key } = tree;
    degree.fill(0);
    const edges = new Int32Array(2 * n);
    let weight = 0;
    for (let i = 1; i < last; i++) {
      weight += key[i]!;
      edges[2 * i - 2] = i;
      edges[2 * i - 1] = parent[i]!;
    }
    return { bound: close(weight, edges), edges, tree };
  }

  const shortest = dense();
  if (from) pi.set(from);
  else for (let i = 0; i < n; i++) pi[i] = -data[i * n + near.list[i * near.count + reach]!]! / 2;
  const start = dense();
  let best: Ascent = { bound: start.bound, edges: start.edges, pi: pi.slice() };
  const spread = createClusters(space.matrix, shortest.tree, ...stepScales(space, near));
  const lists = [pairs(near), shortest.edges, start.edges];
  let tree = createSparseTree(space.matrix, lists);
  let top = -Infinity;
  const topPi = pi.slice();
  const slope = new Int32Array(n);
  const steepest = new Float64Array(n);
  const direction = new Float64Array(n);
  const lambda0 = from ? laterLambda : firstLambda;
  const certify = (): Int32Array => {
    const { bound, edges } = dense();
    if (bound > best.bound) best = { bound, edges, pi: pi.slice() };
    return edges;
  };

  let looks = 0;
  for (let step = 0; step < steps; step++) {
    const progress = Math.max(step / steps, timeUsed());
    if (progress >= 1) break;
    // A bound above a known tour shows that the sparse graph lacks edges.
    if ((looks < denseAt.length && progress >= denseAt[looks]!) || top > upper) {
      while (looks < denseAt.length && progress >= denseAt[looks]!) looks++;
      lists.push(certify(), pairs(space.nearest(5, pi)));
      if (best.bound >= upper) break;
      tree = createSparseTree(space.matrix, lists);
      // Bounds of the sparser graph were too high to compare with.
      top = -Infinity;
    }
    degree.fill(0);
    const bound = close(tree(pi, degree));
    if (bound > top) {
      top = bound;
      topPi.set(pi);
    }
    for (let i = 0; i < n; i++) slope[i] = degree[i]! - 2;
    const norm = spread(slope, steepest);
    // Every degree is two: the 1-tree is a tour.
    if (norm === 0) break;
    // Not a power function, whose last bit may differ between engines.
    const rest = 1 - progress;
    const lambda = lambda0 * rest * rest * rest + lastLambda;
    const length = (lambda * Math.max(0, upper - bound)) / norm;
    for (let i = 0; i < n; i++) {
      direction[i] = (1 - momentum) * steepest[i]! + momentum * direction[i]!;
      pi[i]! += length * direction[i]!;
    }
  }
  pi.set(topPi);
  certify();
  return best;
}

/** How far each city's neighbours are, against the mean, tempered; and that mean. */
function stepScales({ matrix: { n, data } }: Space, near: Neighbours): [Float64Array, number] {
  const k = Math.min(4, near.count - 1);
  const scale = Float64Array.from(
    { length: n },
    (_, i) => data[i * n + near.list[i * near.count + k]!]!,
  );
  const mean = scale.reduce((sum, value) => sum + value, 0) / n;
  return mean > 0
    ? [scale.map((value) => Math.sqrt(value / mean + 0.1)), mean]
    : [scale.fill(1), 1];
}

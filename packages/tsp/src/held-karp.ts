import { createClusters } from './clusters.ts';
import type { SpanningTree } from './dense-tree.ts';
import type { SquareMatrix } from './matrix.ts';
import { first, type Neighbours, pairs } from './neighbours.ts';
import { createPenalties } from './penalties.ts';
import { createPrices, type Raised } from './prices.ts';
import type { Space } from './space.ts';
import { createSparseGraph } from './sparse-graph.ts';
import { createSparseTree } from './sparse-tree.ts';

/** A point that the ascent came to. */
interface Point {
  /** No closed tour is shorter. */
  readonly bound: number;
  /** The penalties that show it. */
  readonly pi: Float64Array;
  /** The prices of cuts that show it. */
  readonly raised: Raised;
  /** The minimum 1-tree that goes with them, as pairs of cities. */
  readonly edges: Int32Array;
}

/** What the ascent found. */
export interface Ascent extends Point {
  /** Of each city the edges that are cheapest under penalties and prices, as pairs of cities. */
  cheap(): Int32Array;
}

/** How long the ascent may take, and how it begins. */
export interface AscentBudget {
  readonly steps: number;
  /** The share of the time that is used up; 1 or more ends the ascent. */
  readonly timeUsed: () => number;
  /** Penalties to go on from, in shorter steps and without cuts. */
  readonly from?: Float64Array;
}

/** One part of the ascent: which share of it, at what step lengths, with what looks at the whole matrix. */
interface Phase {
  /** Its share of what is left of the ascent. */
  readonly share: number;
  readonly lambda: number;
  /** Shares of the phase after which the whole matrix is searched for edges that the sparse graph lacks. */
  readonly looks: readonly number[];
  /** Whether the looks also search for cuts. */
  readonly cuts: boolean;
}

const plain: Phase = { share: 0.3, lambda: 3, looks: [0.1, 0.2, 0.5, 0.8], cuts: false };
const cutting: Phase = {
  share: 1,
  lambda: 2,
  looks: [0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
  cuts: true,
};
/** Shorter steps: long ones first make worse what is found, and cost many to make it good again. */
const hurried: Phase = { ...cutting, lambda: 1 };
const resumed: Phase = { ...plain, share: 1, lambda: 0.5 };
// Reading a clock costs about as much as a step of a hundred cities.
const clockEvery = 4;
const lastLambda = 0.005;
// Share of the direction that stays from the steps before: it lets steps be longer than 2 without going astray.
const momentum = 0.7;
// Fewer steps than these do not settle penalties well enough to look for cuts.
const fewestSteps = 30;
// As many before the cuts settle them so well that longer steps with cuts pay.
const unhurried = 300;
const cheapest = 5;
// Share of the time so far that looks at the whole matrix may have taken for another one.
const longestLooks = 0.4;
// How far below the best a bound is, against what the sparse graph promised above it, where the ascent goes back.
const worse = 0.3;

/**
 * A lower bound on every closed tour by subgradient ascent over node penalties (Held & Karp 1971), with
 * steps measured against a known tour's length (Held, Wolfe & Crowder 1974), and then also over prices of
 * 2-matching inequalities that the 1-trees exceed on average (relax and cut, Lucena 1992).
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
  const penalties = createPenalties(space.matrix);
  const { pi } = penalties;

  /** The 1-tree of the whole matrix at the penalties and raised costs. */
  function dense(raised: Raised): Point & { tree: SpanningTree } {
    const restore = raise(space.matrix, raised);
    const tree = space.spanningTree(pi);
    restore();
    const edges = new Int32Array(2 * n);
    let weight = 0;
    for (let i = 1; i < last; i++) {
      weight += tree.key[i]!;
      edges[2 * i - 2] = i;
      edges[2 * i - 1] = tree.parent[i]!;
    }
    const bound = penalties.close(weight) - raised.rebate;
    for (const [k, end] of penalties.ends.entries()) edges.set([last, end], 2 * (last - 1 + k));
    return { bound, edges, pi: pi.slice(), raised, tree };
  }

  if (from) pi.set(from);
  const start = dense(nothingRaised);
  let best: Point = start;
  penalties.group(createClusters(space.matrix, start.tree, ...stepScales(space, near)));
  if (!from) {
    const reach = Math.min(1, near.count - 1);
    for (let i = 0; i < n; i++) pi[i] = -data[i * n + near.list[i * near.count + reach]!]! / 2;
  }
  const topPi = new Float64Array(n);

  let step = 0;
  // Edges of the trees that looks at the whole matrix have found.
  const looked: Int32Array[] = [];
  let inLooks = 0;
  const used = (): number => Math.max(step / steps, timeUsed());

  /** Returns the steps taken. */
  function climb(phase: Phase, lists: readonly Int32Array[]): number {
    const graph = createSparseGraph(space.matrix);
    graph.add(lists);
    const tree = createSparseTree(graph);
    const prices = createPrices(graph, tree);
    let top = -Infinity;
    // Whether the best point is one of this phase, which can go back to it.
    let isOurs = !from && !phase.cuts;
    penalties.rest();

    /** Takes the highest point to the whole matrix, and edges from there into the graph. */
    function certify(): void {
      const here = pi.slice();
      pi.set(topPi);
      const found = dense(prices.raised());
      pi.set(here);
      prices.add([found.edges]);
      looked.push(found.edges);
      if (found.bound > best.bound) {
        best = found;
        isOurs = true;
        prices.keep();
      } else if (isOurs && best.bound - found.bound > worse * (top - best.bound)) {
        // Penalties ran away along edges that were not there: what is known to be good is the better start.
        pi.set(best.pi);
        prices.goBack();
        penalties.rest();
      }
      // Bounds of the sparser graph were too high to compare with.
      top = -Infinity;
    }

    let looks = 0;
    const firstStep = step;
    const begin = used();
    const until = begin + phase.share * (1 - begin);
    let now = begin;
    for (; ; step++) {
      now = step % clockEvery === 0 ? used() : Math.max(now, step / steps);
      if (now >= until) break;
      const progress = (now - begin) / (until - begin);
      const bound = penalties.close(tree.measure(pi, penalties.degree)) - prices.rebate();
      if (bound > top) {
        top = bound;
        topPi.set(pi);
        prices.mark();
      }
      const norm = penalties.slope() + prices.slope();
      // Every degree is two: the 1-tree is a tour.
      if (norm === 0) break;
      // Not a power function, whose last bit may differ between engines.
      const rest = 1 - progress;
      const lambda = phase.lambda * rest * rest * rest + lastLambda;
      const length = (lambda * Math.max(0, upper - bound)) / norm;
      penalties.move(length, momentum);
      prices.move(length, momentum);
      // A bound above a known tour shows that the sparse graph lacks edges.
      if ((looks < phase.looks.length && progress >= phase.looks[looks]!) || top > upper) {
        while (looks < phase.looks.length && progress >= phase.looks[looks]!) looks++;
        // Where time is short and the matrix large, most of it belongs to steps.
        const before = timeUsed();
        if (inLooks <= longestLooks * before) certify();
        inLooks += timeUsed() - before;
        now = used();
        if (best.bound >= upper) break;
        if (phase.cuts) prices.find();
      }
    }
    if (top > -Infinity) certify();
    pi.set(topPi);
    tree.free();
    return step - firstStep;
  }

  /** Of each city the edges that are cheapest at the best point, as pairs of cities. */
  function cheap(): Int32Array {
    const restore = raise(space.matrix, best.raised);
    const found = pairs(space.nearest(cheapest, best.pi));
    restore();
    return found;
  }

  if (from) climb(resumed, [pairs(near), start.edges]);
  else {
    const taken = climb(plain, [pairs(near), start.edges]);
    const phase = taken < fewestSteps ? resumed : taken < unhurried ? hurried : cutting;
    // Where steps are few, those that find known edges again are lost.
    const known = taken < unhurried ? looked : [];
    climb(phase, [pairs(first(near, cheapest)), ...known, best.edges]);
  }
  penalties.free();
  return { ...best, cheap };
}

const nothingRaised: Raised = {
  ends: new Int32Array(0),
  by: new Float64Array(0),
  rebate: 0,
};

/** Writes raised costs into a matrix; returns what puts it back. */
export function raise({ n, data }: SquareMatrix, { ends, by }: Raised): () => void {
  const before = new Float64Array(by.length);
  for (let e = 0; e < by.length; e++) {
    const [i, j] = [ends[2 * e]!, ends[2 * e + 1]!];
    before[e] = data[i * n + j]!;
    const cost = before[e]! + by[e]!;
    // In float32 whatever holds the matrix, so that results are the same; rounded up, the bound would not be certain.
    const rounded = Math.fround(cost);
    data[i * n + j] = rounded <= cost ? rounded : Math.fround(cost - cost * 2 ** -23);
    data[j * n + i] = data[i * n + j]!;
  }
  return () => {
    for (let e = 0; e < by.length; e++) {
      const [i, j] = [ends[2 * e]!, ends[2 * e + 1]!];
      data[i * n + j] = before[e]!;
      data[j * n + i] = before[e]!;
    }
  };
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

import { type Cut, findCuts } from './cuts.ts';
import type { SparseGraph } from './sparse-graph.ts';
import type { SparseTree } from './sparse-tree.ts';

/** Prices of cuts, which the ascent raises and lowers as it does the penalties of cities; the graph's costs hold them. */
export interface Prices {
  /** What the prices take off the weight of a 1-tree for a bound. */
  rebate(): number;
  /** Looks at the tree measured last; returns the squared slope along prices that may move. */
  slope(): number;
  /** Moves every price along its slope, but not below 0. */
  move(length: number, momentum: number): void;
  /** Adds cuts that the trees of late exceed. */
  find(): void;
  /** Adds edges to the graph, at the prices of the handles they are in. */
  add(lists: readonly Int32Array[]): void;
  /** Remembers the prices as they are. */
  mark(): void;
  /** Keeps the prices remembered, to go back to. */
  keep(): void;
  goBack(): void;
  /** What edges cost more than their length at the prices remembered. */
  raised(): Raised;
}

/** Edges that cost more than their length, and what tours are charged at most for it. */
export interface Raised {
  readonly ends: Int32Array;
  readonly by: Float64Array;
  readonly rebate: number;
}

// Share of an average of trees that each new one makes.
const recent = 0.03;

/** No cuts yet, on a graph and the tree that is measured within it. */
export function createPrices(graph: SparseGraph, tree: SparseTree): Prices {
  const cuts: Cut[] = [];
  const known = new Set<string>();
  const price: number[] = [];
  const marked: number[] = [];
  let kept: number[] = [];
  const slopes: number[] = [];
  const directions: number[] = [];
  const cutsOf: number[][] = Array.from({ length: graph.count }, () => []);
  const handlesAt: number[][] = Array.from({ length: graph.cities }, () => []);
  // Later trees count more: weights grow, in place of sums that decay.
  let usage = new Float64Array(graph.count);
  let weight = 1;
  let total = 0;

  function note(): void {
    weight /= 1 - recent;
    total += weight;
    for (const e of tree.edges) usage[e]! += weight;
    if (weight > 1e100) {
      for (let e = 0; e < usage.length; e++) usage[e]! /= weight;
      total /= weight;
      weight = 1;
    }
  }

  function set(c: number, to: number): void {
    const change = to - price[c]!;
    if (change === 0) return;
    price[c] = to;
    for (const e of cuts[c]!.edges) graph.cost[e]! += change;
  }

  function take(cut: Cut): void {
    const name = `${cut.handle} ${cut.teeth}`;
    if (known.has(name)) return;
    known.add(name);
    for (const e of cut.edges) cutsOf[e]!.push(cuts.length);
    for (const city of cut.handle) handlesAt[city]!.push(cuts.length);
    cuts.push(cut);
    price.push(0);
    marked.push(0);
    slopes.push(0);
    directions.push(0);
  }

  return {
    rebate() {
      let sum = 0;
      for (let c = 0; c < cuts.length; c++) sum += price[c]! * cuts[c]!.most;
      return sum;
    },
    slope() {
      note();
      for (let c = 0; c < cuts.length; c++) slopes[c] = -cuts[c]!.most;
      if (cuts.length > 0) {
        for (const e of tree.edges) {
          for (const c of cutsOf[e]!) slopes[c]!++;
        }
      }
      let norm = 0;
      for (let c = 0; c < cuts.length; c++) {
        if (price[c]! > 0 || slopes[c]! > 0) norm += slopes[c]! * slopes[c]!;
      }
      return norm;
    },
    move(length, momentum) {
      for (let c = 0; c < cuts.length; c++) {
        directions[c] = (1 - momentum) * slopes[c]! + momentum * directions[c]!;
        set(c, Math.max(0, price[c]! + length * directions[c]!));
      }
    },
    find() {
      const share = usage.map((sum) => sum / total);
      for (const cut of findCuts(graph, share)) take(cut);
    },
    add(lists) {
      for (const e of graph.add(lists)) {
        const [i, j] = [graph.ends[2 * e]!, graph.ends[2 * e + 1]!];
        const both = handlesAt[i]!.filter((c) => handlesAt[j]!.includes(c));
        cutsOf.push(both);
        for (const c of both) {
          cuts[c]!.edges.push(e);
          graph.cost[e]! += price[c]!;
        }
      }
      const wider = new Float64Array(graph.count);
      wider.set(usage);
      usage = wider;
    },
    mark() {
      for (let c = 0; c < price.length; c++) marked[c] = price[c]!;
    },
    keep() {
      kept = marked.slice();
    },
    goBack() {
      for (let c = 0; c < cuts.length; c++) {
        set(c, kept[c] ?? 0);
        directions[c] = 0;
      }
    },
    raised() {
      const sums = new Float64Array(graph.count);
      let rebate = 0;
      for (let c = 0; c < cuts.length; c++) {
        if (marked[c] === 0) continue;
        rebate += marked[c]! * cuts[c]!.most;
        for (const e of cuts[c]!.edges) sums[e]! += marked[c]!;
      }
      const ends: number[] = [];
      const by: number[] = [];
      for (let e = 0; e < graph.count; e++) {
        if (sums[e] === 0) continue;
        ends.push(graph.ends[2 * e]!, graph.ends[2 * e + 1]!);
        by.push(sums[e]!);
      }
      return { ends: Int32Array.from(ends), by: Float64Array.from(by), rebate };
    },
  };
}

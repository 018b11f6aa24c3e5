import { type Ascent, heldKarp, raise } from './held-karp.ts';
import type { SquareMatrix } from './matrix.ts';
import { portableSpace } from './space.ts';

/** Instances up to this size are cheap enough to branch on. */
export const branchLimit = 200;

const stepsPerNode = 40;

interface Node {
  readonly ascent: Ascent;
  /** Edges that tours of this branch do without, as pairs of cities. */
  readonly forbidden: readonly number[];
}

/**
 * Raises a Held-Karp bound by branching (Held & Karp 1971): where the 1-tree has three edges or more at a
 * city, every tour does without one of any three of them, so the least bound of the three branches holds.
 * The prices of the root's cuts stay as they are.
 *
 * @param upper length of a known tour; when the bound gets there, it is proven shortest
 * @returns the least bound over all open branches, at most `upper`
 */
export function branchedBound(
  { n, data }: SquareMatrix,
  root: Ascent,
  upper: number,
  { nodes, expired }: { nodes: number; expired: () => boolean },
): number {
  // At raised costs a tour is longer by no more than the rebate; cuts so hold in every branch.
  const { rebate } = root.raised;
  const raised = { n, data: Float64Array.from(data) };
  raise(raised, root.raised);
  const costs = raised.data.slice();
  const space = portableSpace({ n, data: costs }, n);
  // No tour that is shorter than the known one has an edge as long.
  const banned = 2 * (upper + rebate) + 1;
  const mark = (edges: readonly number[], cost: (at: number) => number): void => {
    for (let e = 0; e < edges.length; e += 2) {
      const [i, j] = [edges[e]!, edges[e + 1]!];
      costs[i * n + j] = cost(i * n + j);
      costs[j * n + i] = cost(i * n + j);
    }
  };
  const open: Node[] = [{ ascent: root, forbidden: [] }];
  let bound = Math.min(upper, root.bound);
  for (let node = 0; node < nodes && !expired(); node++) {
    const least = open.reduce((a, b) => (b.ascent.bound < a.ascent.bound ? b : a));
    const branches = threeAtOneCity(n, least.ascent.edges);
    // The 1-tree is a tour, so its bound is that tour's length: nothing below can be shown.
    if (!branches) return bound;
    const children: Node[] = [];
    for (const edge of branches) {
      const forbidden = [...least.forbidden, ...edge];
      mark(forbidden, () => banned);
      const { pi } = least.ascent;
      const ascent = heldKarp(space, space.nearest(5, pi), upper + rebate, {
        steps: stepsPerNode,
        timeUsed: () => (expired() ? 1 : 0),
        from: pi,
      });
      mark(forbidden, (at) => raised.data[at]!);
      // Forbidding an edge shortens no tour.
      const known = Math.max(ascent.bound - rebate, least.ascent.bound);
      if (known < upper) children.push({ ascent: { ...ascent, bound: known }, forbidden });
    }
    open.splice(open.indexOf(least), 1, ...children);
    if (open.length === 0) return upper;
    bound = open.reduce((sum, { ascent }) => Math.min(sum, ascent.bound), upper);
  }
  return bound;
}

/** Three of the edges at the city that has the most, or null when every city has two. */
function threeAtOneCity(n: number, edges: Int32Array): [number, number][] | null {
  const at = Array.from({ length: n }, (): [number, number][] => []);
  for (let e = 0; e < edges.length; e += 2) {
    const [i, j] = [edges[e]!, edges[e + 1]!];
    at[i]!.push([i, j]);
    at[j]!.push([i, j]);
  }
  const most = at.reduce((a, b) => (b.length > a.length ? b : a));
  return most.length > 2 ? most.slice(0, 3) : null;
}

import { rng, stream } from '@pleat/random';
import { branchedBound, branchLimit } from './branch.ts';
import { exactLimit, exactOrder } from './exact.ts';
import { greedyTour } from './greedy.ts';
import { type Ascent, heldKarp } from './held-karp.ts';
import { createSearch } from './improve.ts';
import { kickSearch } from './kick.ts';
import { checkDistances, checkSquare, lengthOf, type SquareMatrix } from './matrix.ts';
import { first, fromEdges, pairs } from './neighbours.ts';
import { createSpace } from './space.ts';
import { createTour } from './tour.ts';
import type { SolveOptions, SolveResult } from './types.ts';

const maxCities = 16_384;
const branchNodes = 60;
const plainSteps = 200;
// Share of a time limit that the bound may take before kicks begin.
const ascentShare = 0.6;

/**
 * Finds a short open path (or closed tour) through all cities, with a lower bound on every such order.
 *
 * Greedy edges, Or-3opt with candidate lists, and an iterated local search with localised double bridges
 * (Martin, Otto & Felten 1991; Johnson & McGeoch 1997); candidates from a Held-Karp ascent (Helsgaun 2000
 * uses the same idea), whose bound is the certificate; up to 200 cities branching lifts it further. An open
 * path is a tour through a dummy city at distance 0. Up to 12 cities the optimum itself is computed.
 *
 * The same matrix, seed and kicks give the same order on every machine.
 *
 * @param matrix symmetric distances of 2 to 16,384 cities, finite, not negative, zero diagonal: `{ n, data }`, `data[i * n + j]`
 * @param options closed, seed, kicks, timeLimit (seconds), onProgress, clock
 * @returns the order, its length, the bound, the gap between them, the identity order's length, kicks tried;
 *   never longer than the identity order
 * @throws RangeError when the matrix or an option is not as described
 *
 * @example
 * const data = Float32Array.of(0, 2, 1, 2, 0, 1, 1, 1, 0);
 * solve({ n: 3, data }).length; // 2: 0 -> 2 -> 1
 */
export function solve(matrix: SquareMatrix, options: SolveOptions = {}): SolveResult {
  const {
    closed = false,
    seed = 0,
    timeLimit,
    onProgress,
    clock = () => performance.now(),
  } = options;
  const start = clock();
  const seconds = (): number => (clock() - start) / 1000;
  const limit = timeLimit ?? Infinity;
  const { n } = matrix;
  checkSquare(matrix);
  if (n > maxCities) {
    throw new RangeError(`solve: ${n} cities are too many; the most is ${maxCities}.`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`solve: seed is ${seed}; it takes a whole number, 0 or more.`);
  }
  if (timeLimit !== undefined && !(timeLimit >= 0)) {
    throw new RangeError(`solve: timeLimit is ${timeLimit}; it takes seconds, 0 or more.`);
  }
  const kicks = options.kicks ?? (timeLimit === undefined ? 100 * n : Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(kicks) || kicks < 0) {
    throw new RangeError(`solve: kicks is ${kicks}; it takes a whole number, 0 or more.`);
  }
  const identity = Int32Array.from({ length: n }, (_, i) => i);
  const identityLength = lengthOf(matrix, identity, closed);
  const finish = (order: Int32Array, bound: number, tried: number): SolveResult => {
    const found = lengthOf(matrix, order, closed);
    const best = found < identityLength ? order : identity;
    const length = Math.min(found, identityLength);
    const lowerBound = Math.max(0, Math.min(bound, length));
    const gap = lowerBound > 0 ? (length - lowerBound) / lowerBound : length > 0 ? Infinity : 0;
    return { order: best, length, lowerBound, gap, identityLength, kicks: tried };
  };
  if (n <= exactLimit) {
    checkDistances(matrix);
    const order = exactOrder(matrix, closed);
    return finish(order, lengthOf(matrix, order, closed), 0);
  }

  const space = createSpace(matrix, closed);
  space.check();
  const cities = space.matrix;
  const m = cities.n;

  const near = space.nearest(8);
  const tour = createTour(greedyTour(cities, near));
  let search = createSearch(cities, near, tour);
  for (let i = 0; i < m; i++) search.push(tour.order[i]!);
  search.run();

  const begin = seconds();
  const ascent = heldKarp(space, near, lengthOf(cities, tour.order, true), {
    steps: Math.max(100, Math.min(1000, Math.round(1_200_000 / m))),
    timeUsed: () => (seconds() - begin) / (ascentShare * limit),
  });
  const candidates = fromEdges(cities, [ascent.cheap(), pairs(first(near, 5)), ascent.edges], 12);
  search = createSearch(cities, candidates, tour);
  for (let i = 0; i < m; i++) search.push(tour.order[i]!);
  search.run();
  search.commit();

  // Rounding in the sums of the bound must not lift it over the true one.
  const safe = (bound: number): number => bound - 1e-9 * Math.abs(bound);
  // Small instances leave time to lift the bound by branching.
  const branches = m <= branchLimit;
  const tried = kickSearch(cities, search, {
    kicks,
    random: rng(stream(seed, 'tsp/kicks')),
    expired: () => seconds() >= (branches ? 0.7 : 1) * limit,
    ...(onProgress && {
      onProgress: (done: number, length: number) =>
        onProgress({ kicks: done, length, lowerBound: Math.max(0, safe(ascent.bound)) }),
    }),
  });
  let bound = ascent.bound;
  if (branches) {
    const length = lengthOf(cities, tour.order, true);
    // Cuts lift the root of the first search; where their prices then stand in the way, the second does without.
    const plain = (): Ascent =>
      heldKarp(space, near, length, {
        steps: plainSteps,
        timeUsed: () => (seconds() >= limit ? 1 : 0),
        from: ascent.pi,
      });
    for (const [root, share] of [[() => ascent, 0.85] as const, [plain, 1] as const]) {
      const expired = (): boolean => seconds() >= share * limit;
      if (bound >= length || expired()) break;
      bound = Math.max(
        bound,
        branchedBound(cities, root(), length, { nodes: branchNodes, expired }),
      );
    }
  }
  return finish(closed ? tour.order : cutAt(tour.order, n), safe(bound), tried);
}

/** The tour without its dummy city, from the city after it on. */
function cutAt(order: Int32Array, dummy: number): Int32Array {
  const at = order.indexOf(dummy);
  const path = new Int32Array(order.length - 1);
  path.set(order.subarray(at + 1));
  path.set(order.subarray(0, at), order.length - 1 - at);
  return path;
}

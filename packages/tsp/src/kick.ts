import type { Rng } from '@pleat/random';
import type { Search } from './improve.ts';
import { lengthOf, type SquareMatrix } from './matrix.ts';

const longestSegment = 30;
const progressEvery = 1000;
const clockEvery = 32;

/**
 * Iterated local search: a double bridge (Martin, Otto & Felten 1991) that puts three short neighbouring
 * segments in opposite order, local search around it, kept when the tour is no longer than before, else
 * taken back. Four edges change in a way that no sequential exchange of three undoes.
 *
 * @returns the kicks tried
 */
export function kickSearch(
  matrix: SquareMatrix,
  search: Search,
  options: {
    kicks: number;
    random: Rng;
    expired: () => boolean;
    onProgress?: (kicks: number, length: number) => void;
  },
): number {
  const { n, data } = matrix;
  const { kicks, random, expired, onProgress } = options;
  const { order } = search.tour;
  const longest = Math.min(longestSegment, Math.floor((n - 2) / 3));
  const distance = (i: number, j: number): number => data[i * n + j]!;
  const at = (position: number): number => order[position < n ? position : position - n]!;
  let length = lengthOf(matrix, order, true);

  for (let kick = 0; kick < kicks; kick++) {
    if (kick % clockEvery === 0 && expired()) return kick;
    if (onProgress && kick % progressEvery === 0) onProgress(kick, length);
    const p = random.integer(n);
    const q = p + 1 + random.integer(longest);
    const r = q + 1 + random.integer(longest);
    const s = r + 1 + random.integer(longest);
    const a1 = at(p);
    const a2 = at(p + 1);
    const b1 = at(q);
    const b2 = at(q + 1);
    const c1 = at(r);
    const c2 = at(r + 1);
    const d1 = at(s);
    const d2 = at(s + 1);
    const added = distance(a1, c2) + distance(d1, b2) + distance(c1, a2) + distance(b1, d2);
    const removed = distance(a1, a2) + distance(b1, b2) + distance(c1, c2) + distance(d1, d2);
    // All three segments turned round as one, then each turned back: they stand in opposite order.
    search.apply(a1, a2, d1, d2);
    search.apply(a1, d1, c2, c1);
    search.apply(d1, c1, b2, b1);
    search.apply(c1, b1, a2, d2);
    for (const city of [a1, a2, b1, b2, c1, c2, d1, d2]) search.push(city);
    const change = added - removed - search.run();
    if (change <= 0) {
      length += change;
      search.commit();
    } else {
      search.rollback();
    }
  }
  return kicks;
}

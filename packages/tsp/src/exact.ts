import type { SquareMatrix } from './matrix.ts';

/** The largest instance `exactOrder` takes: 2^12 subsets. */
export const exactLimit = 12;

/**
 * A shortest order by dynamic programming over subsets (Held & Karp 1962; Bellman 1962).
 *
 * @param matrix up to 12 cities
 * @param closed whether the way back counts
 */
export function exactOrder({ n, data }: SquareMatrix, closed: boolean): Int32Array {
  const full = (1 << n) - 1;
  // cost[set * n + last]: shortest way through the set that ends at `last`; a closed one starts at 0.
  const cost = new Float64Array((full + 1) * n).fill(Infinity);
  const from = new Int8Array((full + 1) * n).fill(-1);
  for (let i = 0; i < (closed ? 1 : n); i++) cost[(1 << i) * n + i] = 0;
  for (let set = 1; set <= full; set++) {
    for (let last = 0; last < n; last++) {
      const sum = cost[set * n + last]!;
      if (sum === Infinity) continue;
      for (let city = 0; city < n; city++) {
        if (set & (1 << city)) continue;
        const at = (set | (1 << city)) * n + city;
        const extended = sum + data[last * n + city]!;
        if (extended < cost[at]!) {
          cost[at] = extended;
          from[at] = last;
        }
      }
    }
  }
  let end = 0;
  let least = Infinity;
  for (let last = 0; last < n; last++) {
    const sum = cost[full * n + last]! + (closed ? data[last * n]! : 0);
    if (sum < least) {
      least = sum;
      end = last;
    }
  }
  const order = new Int32Array(n);
  for (let i = n - 1, set = full; i >= 0; i--) {
    order[i] = end;
    const before = from[set * n + end]!;
    set &= ~(1 << end);
    end = before;
  }
  return order;
}

import { rng } from './rng.ts';
import type { Stream } from './stream.ts';

/**
 * A random permutation of 0 .. n - 1, every one equally likely.
 *
 * @param s the stream to draw from
 * @param n how many, 0 .. 2^32 - 1
 * @returns n indices, each once
 * @throws RangeError when n is not an integer of that range
 *
 * Reference: Durstenfeld, "Algorithm 235: Random permutation", CACM 7, 1964.
 *
 * @example
 * permutation(stream(1, 'order'), 5).slice().sort(); // 0, 1, 2, 3, 4
 */
export function permutation(s: Stream, n: number): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32) {
    throw new RangeError(`permutation takes an n of 0 .. 2^32 - 1; it got ${n}.`);
  }
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const random = rng(s);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

import { fillBits } from './fill.ts';
import { normalFromWord } from './normal.ts';
import { mulhi } from './philox.ts';
import type { Stream } from './stream.ts';

/** A sequential view of a stream, for code that draws a few numbers at a time. */
export interface Rng {
  /** The next word, 0 .. 2^32 - 1. */
  uint32(): number;
  /** A float64 in [low, high) (0 and 1 by default), from the 53 upper bits of two words. */
  uniform(low?: number, high?: number): number;
  /** An integer in 0 .. n - 1 without bias; n in 1 .. 2^32. */
  integer(n: number): number;
  /** A normal number of the given mean (0) and standard deviation (1), from one word. */
  normal(mean?: number, std?: number): number;
  /** How many words of the stream are used up; setting it moves to that word. */
  position: number;
}

const ahead = 64;

/**
 * Draws from a stream one number after another.
 *
 * @param s the stream
 * @param position word of the stream to begin at; saving and restoring it continues exactly
 * @returns the sequential view
 * @throws RangeError when position is not a safe integer of 0 or more
 *
 * @example
 * const r = rng(stream(1, 'dice'));
 * 1 + r.integer(6);
 */
export function rng(s: Stream, position = 0): Rng {
  const buffer = new Uint32Array(ahead);
  let base = -1;
  let at = position;

  function uint32(): number {
    const start = at - (at % ahead);
    if (start !== base) {
      fillBits(s, buffer, { offset: start });
      base = start;
    }
    return buffer[at++ - base]!;
  }

  const generator: Rng = {
    uint32,
    uniform(low = 0, high = 1) {
      const upper = uint32() >>> 5;
      const lower = uint32() >>> 6;
      const value = low + (high - low) * ((upper * 2 ** 26 + lower) * 2 ** -53);
      return value < high ? value : low;
    },
    integer(n) {
      if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
        throw new RangeError(`integer takes an n of 1 .. 2^32; it got ${n}.`);
      }
      if (n === 2 ** 32) return uint32();
      // Lemire, "Fast random integer generation in an interval", ACM TOMACS 29, 2019: the upper word of
      // word * n, unless the lower one falls into the short rest that would favour some integers.
      const rest = 2 ** 32 % n;
      for (;;) {
        const word = uint32();
        if (Math.imul(word, n) >>> 0 >= rest) return mulhi(word, n) >>> 0;
      }
    },
    normal(mean = 0, std = 1) {
      return mean + std * normalFromWord(uint32());
    },
    get position() {
      return at;
    },
    set position(value) {
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new RangeError(
          `rng takes a position that is a safe integer of 0 or more; it got ${value}.`,
        );
      }
      at = value;
    },
  };
  generator.position = position;
  return generator;
}

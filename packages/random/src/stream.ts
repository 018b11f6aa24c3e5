import { philoxBlock } from './philox.ts';

/** A stream of random numbers: 2^53 words that depend on the seed and the name alone. */
export interface Stream {
  /** Safe integer, 0 or more. */
  readonly seed: number;
  /** Any string; streams of different names are independent of each other. */
  readonly name: string;
  /** The Philox key: two unsigned 32-bit words. */
  readonly key: readonly [number, number];
}

/**
 * The stream of a seed and a name.
 *
 * @param seed safe integer, 0 or more
 * @param name any string; says what the numbers are for, so that two uses never share them
 * @returns the stream; it is plain data, and `stream(s.seed, s.name)` builds it again
 * @throws RangeError when the seed is not a safe integer of 0 or more
 *
 * @example
 * stream(7, 'weights').name; // 'weights'
 */
export function stream(seed: number, name: string): Stream {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `stream takes a seed that is a safe integer of 0 or more; it got ${seed}. Round it, or hash what you have.`,
    );
  }
  return { seed, name, key: hashKey(seed, name) };
}

/**
 * A stream below another: the stream of the parent's seed and the name `parent/name`.
 *
 * @param parent any stream
 * @param name any string
 * @returns the same stream as `stream(parent.seed, parent.name + '/' + name)`
 *
 * @example
 * substream(stream(7, 'epoch'), '3').name; // 'epoch/3'
 */
export function substream(parent: Stream, name: string): Stream {
  return stream(parent.seed, `${parent.name}/${name}`);
}

// The hash is Philox itself, chained: each block of text is a counter, encrypted under the key so far, and
// two words of the result are the next key. The length goes first, so that no text is the start of another.
// Text is read as UTF-16 code units, which every string has, lone surrogates included.
function hashKey(seed: number, name: string): [number, number] {
  const high = Math.floor(seed / 2 ** 32);
  const state = new Uint32Array(4);
  philoxBlock(name.length, 0, 0, 0x706c6561, seed | 0, high, 10, state, 0);
  const unit = (index: number): number => (index < name.length ? name.charCodeAt(index) : 0);
  const word = (index: number): number => unit(index) | (unit(index + 1) << 16);
  for (let at = 0; at < name.length; at += 8) {
    const [k0, k1] = state as unknown as [number, number];
    philoxBlock(word(at), word(at + 2), word(at + 4), word(at + 6), k0, k1, 10, state, 0);
  }
  return [state[0]!, state[1]!];
}

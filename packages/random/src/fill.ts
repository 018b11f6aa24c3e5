import { createCompiledEngine } from './compiled.ts';
import type { Engine } from './engine.ts';
import { createPortableEngine } from './portable.ts';
import { finite, uniformTerms } from './range.ts';
import type { Stream } from './stream.ts';

const capacity = 4096;
let shared: Engine | undefined;

function engine(): Engine {
  shared ??= createCompiledEngine(capacity) ?? createPortableEngine(capacity);
  return shared;
}

// Value i of a fill is value `offset + i` of the stream, wherever the chunks of the work begin and end.
function fill<T extends Uint32Array | Float32Array>(
  caller: string,
  s: Stream,
  out: T,
  offset: number,
  valuesPerBlock: number,
  transform: (
    engine: Engine,
    words: number,
  ) => ArrayLike<number> & { subarray(a: number, b: number): T },
): T {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(offset + out.length)) {
    throw new RangeError(
      `${caller} takes an offset that is a safe integer of 0 or more, and so must be the end of the fill; it got ${offset}.`,
    );
  }
  const valuesPerWord = valuesPerBlock / 4;
  for (let at = 0; at < out.length; ) {
    const block = Math.floor((offset + at) / valuesPerBlock);
    const skip = offset + at - block * valuesPerBlock;
    const count = Math.min(out.length - at, capacity - skip);
    const blocks = Math.ceil((skip + count) / valuesPerBlock);
    const source = engine();
    source.draw(s.key, block, blocks);
    const values = transform(source, Math.ceil((skip + count) / valuesPerWord));
    out.set(values.subarray(skip, skip + count), at);
    at += count;
  }
  return out;
}

/**
 * Fills an array with random 32-bit words.
 *
 * @param s the stream to draw from
 * @param out any length; written in full
 * @param options offset: index of the first word in the stream, 0 by default
 * @returns out
 * @throws RangeError when the offset is not a safe integer of 0 or more
 *
 * @example
 * fillBits(stream(1, 'a'), new Uint32Array(4)).length; // 4
 */
export function fillBits(
  s: Stream,
  out: Uint32Array,
  options: { offset?: number } = {},
): Uint32Array {
  return fill('fillBits', s, out, options.offset ?? 0, 4, (source) => source.words);
}

/**
 * Fills an array with float32 numbers, uniform in [low, high).
 *
 * @param s the stream to draw from
 * @param out any length; written in full
 * @param options low (0) and high (1): the range, low < high; offset (0): index of the first value in the stream
 * @returns out
 * @throws RangeError when low, high or their distance is not a finite float32, the distance is below 2^-100, or offset
 * is not a safe integer of 0 or more
 *
 * @example
 * fillUniform(stream(1, 'a'), new Float32Array(4), { low: 2, high: 3 }).every((x) => x >= 2 && x < 3); // true
 */
export function fillUniform(
  s: Stream,
  out: Float32Array,
  options: { low?: number; high?: number; offset?: number } = {},
): Float32Array {
  const { scale, low, highest } = uniformTerms(options.low ?? 0, options.high ?? 1);
  return fill('fillUniform', s, out, options.offset ?? 0, 4, (source, words) => {
    source.uniform(words, scale, low, highest);
    return source.floats;
  });
}

/**
 * Fills an array with normally distributed float32 numbers.
 *
 * @param s the stream to draw from
 * @param out any length; written in full
 * @param options mean (0) and std (1) of the distribution; offset (0): index of the first value in the stream
 * @returns out; no value is further than 6.34 standard deviations from the mean
 * @throws RangeError when mean or std is not a finite float32, or offset is not a safe integer of 0 or more
 *
 * @example
 * fillNormal(stream(1, 'a'), new Float32Array(4)).every((x) => Math.abs(x) < 6.35); // true
 */
export function fillNormal(
  s: Stream,
  out: Float32Array,
  options: { mean?: number; std?: number; offset?: number } = {},
): Float32Array {
  const mean = finite('fillNormal', 'mean', options.mean ?? 0);
  const std = finite('fillNormal', 'std', options.std ?? 1);
  return fill('fillNormal', s, out, options.offset ?? 0, 4, (source, words) => {
    source.normal(words, std, mean);
    return source.floats;
  });
}

/**
 * Fills an array with a magnitude of random sign, one random bit a value.
 *
 * @param s the stream to draw from
 * @param out any length; written in full
 * @param options magnitude (1); offset (0): index of the first value in the stream
 * @returns out
 * @throws RangeError when magnitude is not a finite float32, or offset is not a safe integer of 0 or more
 *
 * @example
 * fillSign(stream(1, 'a'), new Float32Array(4), { magnitude: 0.5 }).every((x) => Math.abs(x) === 0.5); // true
 */
export function fillSign(
  s: Stream,
  out: Float32Array,
  options: { magnitude?: number; offset?: number } = {},
): Float32Array {
  const magnitude = finite('fillSign', 'magnitude', options.magnitude ?? 1);
  return fill('fillSign', s, out, options.offset ?? 0, 128, (source, words) => {
    source.sign(words, magnitude);
    return source.floats;
  });
}

const SIGNLESS = 0x7fffffff;
const INFINITY_BITS = 0x7f800000;

/**
 * Marks the k values of largest magnitude, without sorting.
 *
 * The bits of |x| order as the numbers do, so three histogram passes (11, 10 and 10 bits) find the
 * k-th largest exactly; a last pass writes the mask. Four linear passes, whatever k.
 *
 * @param scores - Any length; -0 equals 0, NaN is below everything.
 * @param k - How many to mark, an integer in 0..scores.length.
 * @returns 0 or 1 a score, exactly k ones; equal magnitudes go to the lower index.
 * @throws RangeError when k is not such an integer.
 * @example
 * ```js
 * selectTopK(new Float32Array([1, -3, 2, 3]), 2); // Float32Array [0, 1, 0, 1]
 * ```
 */
export function selectTopK(scores: Float32Array, k: number): Float32Array {
  const n = scores.length;
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new RangeError(
      `selectTopK: expected k to be an integer in 0..${n} (the number of scores), got ${k}; round and clamp it.`,
    );
  }
  const mask = new Float32Array(n);
  if (k === 0) return mask;
  if (k === n) return mask.fill(1);
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, n);
  const { threshold, ties } = kthLargest(bits, k);
  let left = ties;
  for (let i = 0; i < n; i++) {
    const key = magnitude(bits[i]!);
    if (key > threshold) mask[i] = 1;
    else if (key === threshold && left > 0) {
      mask[i] = 1;
      left--;
    }
  }
  return mask;
}

/** Orders like |x|; NaN comes out as -1, below zero. */
function magnitude(bits: number): number {
  const key = bits & SIGNLESS;
  return key > INFINITY_BITS ? -1 : key;
}

/** The k-th largest magnitude, and how many of those equal to it belong to the k. */
function kthLargest(bits: Uint32Array, k: number): { threshold: number; ties: number } {
  const counts = new Uint32Array(2048);
  let numbers = 0;
  for (let i = 0; i < bits.length; i++) {
    const key = magnitude(bits[i]!);
    if (key >= 0) {
      counts[key >>> 20]!++;
      numbers++;
    }
  }
  if (k > numbers) return { threshold: -1, ties: k - numbers };
  let { bin: prefix, rest } = walkDown(counts, k);
  let shift = 20;
  for (const width of [10, 10]) {
    counts.fill(0);
    const above = shift;
    shift -= width;
    for (let i = 0; i < bits.length; i++) {
      const key = magnitude(bits[i]!);
      if (key >>> above === prefix && key >= 0) counts[(key >>> shift) & 1023]!++;
    }
    const found = walkDown(counts, rest);
    prefix = (prefix << width) | found.bin;
    rest = found.rest;
  }
  return { threshold: prefix, ties: rest };
}

/** The bin, from the top, that holds the k-th largest, and its rank inside that bin. */
function walkDown(counts: Uint32Array, k: number): { bin: number; rest: number } {
  let bin = counts.length - 1;
  let rest = k;
  while (counts[bin]! < rest) rest -= counts[bin--]!;
  return { bin, rest };
}

const MAGNITUDE = 0x7fffffff;
const INFINITY_BITS = 0x7f800000;
const ONE_BITS = 0x3f800000;
/** Width of the first digit: the exponent and three bits of the fraction. */
const FIRST_SHIFT = 20;

/**
 * Marks the k values of largest magnitude, without sorting.
 *
 * The bits of |x| order as the numbers do. A histogram of their upper 11 bits finds the bin of the k-th
 * largest, two more over that bin alone find it exactly: three passes over the scores, whatever k.
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

  let keys = new Uint32Array(scores.buffer, scores.byteOffset, n);
  let counts = histogram(keys);
  if (counts.subarray(INFINITY_BITS >>> FIRST_SHIFT).some((count) => count > 0)) {
    keys = keys.map(withNanLowest);
    counts = histogram(keys);
  }
  const { bin, rest } = walkDown(counts, k);
  const inside = indicesInBin(keys, bin, counts[bin]!);
  const { threshold, ties } = kthLargest(keys, inside, rest);
  markAbove(keys, threshold, new Uint32Array(mask.buffer));
  for (let i = 0, left = ties; left > 0; i++) {
    if ((keys[inside[i]!]! & MAGNITUDE) === threshold) {
      mask[inside[i]!] = 1;
      left--;
    }
  }
  return mask;
}

/** Every number a step up, so that NaN can stand below zero. */
function withNanLowest(bits: number): number {
  const key = bits & MAGNITUDE;
  return key > INFINITY_BITS ? 0 : key + 1;
}

function histogram(keys: Uint32Array): Uint32Array {
  const counts = new Uint32Array((MAGNITUDE >>> FIRST_SHIFT) + 1);
  for (let i = 0; i < keys.length; i++) counts[(keys[i]! & MAGNITUDE) >>> FIRST_SHIFT]!++;
  return counts;
}

/** The bin, from the top, that holds the k-th largest, and its rank inside that bin. */
function walkDown(counts: Uint32Array, k: number): { bin: number; rest: number } {
  let bin = counts.length - 1;
  let rest = k;
  while (counts[bin]! < rest) rest -= counts[bin--]!;
  return { bin, rest };
}

function indicesInBin(keys: Uint32Array, bin: number, count: number): Uint32Array {
  // Written always and advanced on a hit: no branch to mispredict. One more place takes the misses.
  const indices = new Uint32Array(count + 1);
  for (let i = 0, at = 0; i < keys.length; i++) {
    indices[at] = i;
    at += Number((keys[i]! & MAGNITUDE) >>> FIRST_SHIFT === bin);
  }
  return indices.subarray(0, count);
}

/** The k-th largest key of those at the indices, which share their first digit, and how many equal to it count. */
function kthLargest(
  keys: Uint32Array,
  indices: Uint32Array,
  k: number,
): { threshold: number; ties: number } {
  let prefix = (keys[indices[0]!]! & MAGNITUDE) >>> FIRST_SHIFT;
  let rest = k;
  for (const shift of [10, 0]) {
    const counts = new Uint32Array(1024);
    for (const index of indices) {
      const key = keys[index]! & MAGNITUDE;
      if (key >>> (shift + 10) === prefix) counts[(key >>> shift) & 1023]!++;
    }
    const found = walkDown(counts, rest);
    prefix = (prefix << 10) | found.bin;
    rest = found.rest;
  }
  return { threshold: prefix, ties: rest };
}

/** Writes the bits of 1 where the key is above the threshold; by the sign of a difference, not a branch. */
function markAbove(keys: Uint32Array, threshold: number, mask: Uint32Array): void {
  for (let i = 0; i < keys.length; i++) {
    mask[i] = ((threshold - (keys[i]! & MAGNITUDE)) >> 31) & ONE_BITS;
  }
}

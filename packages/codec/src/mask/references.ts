import type { Geometry } from './geometry.ts';

const mostWords = 8;
const mostPairs = 2 ** 18;

function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Up to 256 evenly spaced rows of a mask, `words` words of 32 rows for each filter. */
function packColumns(
  bits: Uint8Array,
  { rows, filters }: Geometry,
): { columns: Int32Array; words: number; sampled: number } {
  const sampled = Math.min(rows, 32 * mostWords);
  const words = Math.ceil(sampled / 32);
  const columns = new Int32Array(words * filters);
  for (let i = 0; i < sampled; i++) {
    const from = Math.floor((i * rows) / sampled) * filters;
    const word = i >>> 5;
    for (let filter = 0; filter < filters; filter++) {
      columns[filter * words + word]! |= bits[from + filter]! << (i & 31);
    }
  }
  return { columns, words, sampled };
}

/**
 * Looks, for each filter, for the earlier one that it agrees with most.
 *
 * @returns how many filters back it lies (0 for none that agrees more than chance would have it), or null if no filter has one
 */
export function findReferences(bits: Uint8Array, geometry: Geometry): Uint32Array | null {
  const { filters, rows } = geometry;
  if (filters < 2 || rows < 8) return null;
  const { columns, words, sampled } = packColumns(bits, geometry);
  const reach = Math.min(filters - 1, Math.ceil(mostPairs / filters));
  const ones = new Float64Array(filters);
  for (let i = 0; i < columns.length; i++) ones[Math.floor(i / words)]! += popcount(columns[i]!);
  const distances = new Uint32Array(filters);
  let found = 0;
  for (let filter = 1; filter < filters; filter++) {
    let best = 0;
    for (let distance = 1; distance <= Math.min(reach, filter); distance++) {
      let different = 0;
      for (let word = 0; word < words; word++) {
        different += popcount(
          columns[filter * words + word]! ^ columns[(filter - distance) * words + word]!,
        );
      }
      const p = ones[filter]! / sampled;
      const q = ones[filter - distance]! / sampled;
      const chance = p * (1 - q) + q * (1 - p);
      const deviation = Math.sqrt(chance * (1 - chance) * sampled) + 0.5;
      // The best of thousands of unrelated filters still lies within about 4 deviations.
      const score = (chance * sampled - different) / deviation;
      if (score > Math.max(best, 4)) {
        best = score;
        distances[filter] = distance;
      }
    }
    if (best > 0) found++;
  }
  return found > 0 ? distances : null;
}

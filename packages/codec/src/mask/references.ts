import type { Geometry } from './geometry.ts';

const mostWords = 4;
const mostPairs = 2 ** 18;

function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Up to 128 evenly spaced rows of a mask, `words` words of 32 rows for each filter. */
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
  const share = ones.map((count) => count / sampled);
  const distances = new Uint32Array(filters);
  let found = 0;
  for (let filter = 1; filter < filters; filter++) {
    // The best of thousands of unrelated filters still lies within about 4 deviations of chance.
    let best = 16;
    const p = share[filter]!;
    for (let distance = 1; distance <= Math.min(reach, filter); distance++) {
      const here = filter * words;
      const there = here - distance * words;
      const q = share[filter - distance]!;
      const chance = p * (1 - q) + q * (1 - p);
      let different = popcount(columns[here]! ^ columns[there]!);
      // Half of the unrelated ones are seen by their first rows alone.
      if (different > 32 * chance) continue;
      for (let word = 1; word < words; word++) {
        different += popcount(columns[here + word]! ^ columns[there + word]!);
      }
      const fewer = chance * sampled - different;
      if (fewer <= 0) continue;
      const score = (fewer * fewer) / (chance * (1 - chance) * sampled + 0.25);
      if (score > best) {
        best = score;
        distances[filter] = distance;
      }
    }
    if (best > 16) found++;
  }
  return found > 0 ? distances : null;
}

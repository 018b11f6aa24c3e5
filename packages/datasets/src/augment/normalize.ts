/** Per-channel statistics of pixels in 0..1. */
export interface Normalization {
  mean: readonly number[];
  std: readonly number[];
}

/**
 * What every byte of every channel becomes: (byte / 255 - mean) / std as float32.
 *
 * @returns channel c, byte v at [c * 256 + v]
 */
export function normalizationTable(channels: number, normalize?: Normalization): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let i = 0; i < table.length; i++) {
    const c = i >> 8;
    table[i] = ((i & 255) / 255 - (normalize?.mean[c] ?? 0)) / (normalize?.std[c] ?? 1);
  }
  return table;
}

/** Looks every byte of an image up in the table of its channel. */
export function applyTable(
  image: Uint8Array,
  table: Float32Array,
  channels: number,
  out: Float32Array,
): void {
  for (let i = 0; i < image.length; i += channels) {
    for (let c = 0; c < channels; c++) out[i + c] = table[(c << 8) | image[i + c]!]!;
  }
}

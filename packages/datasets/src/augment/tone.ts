import { mapBytes } from './color.ts';
import type { ImageShape } from './step.ts';

const table = new Uint8Array(256);

/** Keeps the `bits` highest bits of every byte. */
export function posterize(from: Uint8Array, to: Uint8Array, bits: number): void {
  const mask = (0xff << (8 - bits)) & 0xff;
  for (let value = 0; value < 256; value++) table[value] = value & mask;
  mapBytes(from, to, table);
}

/** Inverts every byte of at least the threshold. */
export function solarize(from: Uint8Array, to: Uint8Array, threshold: number): void {
  for (let value = 0; value < 256; value++) table[value] = value < threshold ? value : 255 - value;
  mapBytes(from, to, table);
}

/** Stretches every channel so that its darkest value becomes 0 and its brightest 255 (Pillow's `autocontrast`). */
export function autoContrast(from: Uint8Array, to: Uint8Array, shape: ImageShape): void {
  perChannel(from, to, shape, (counts, lut) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return false;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    for (let value = 0; value < 256; value++) {
      lut[value] = Math.min(255, Math.max(0, Math.trunc(value * scale + offset)));
    }
    return true;
  });
}

/** Spreads every channel's values so that each range of them is about as frequent (Pillow's `equalize`). */
export function equalize(from: Uint8Array, to: Uint8Array, shape: ImageShape): void {
  const pixels = shape[0] * shape[1];
  perChannel(from, to, shape, (counts, lut) => {
    const brightest = counts[counts.findLastIndex((count) => count > 0)]!;
    const step = Math.floor((pixels - brightest) / 255);
    if (step === 0) return false;
    let sum = step >> 1;
    for (let value = 0; value < 256; value++) {
      lut[value] = Math.min(255, Math.floor(sum / step));
      sum += counts[value]!;
    }
    return true;
  });
}

const counts = new Uint32Array(256);

/** Maps every channel through a table made from its histogram; a channel without one stays as it is. */
function perChannel(
  from: Uint8Array,
  to: Uint8Array,
  [, , channels]: ImageShape,
  fill: (counts: Uint32Array, lut: Uint8Array) => boolean,
): void {
  to.set(from);
  for (let c = 0; c < channels; c++) {
    counts.fill(0);
    for (let i = c; i < from.length; i += channels) counts[from[i]!]!++;
    if (!fill(counts, table)) continue;
    for (let i = c; i < from.length; i += channels) to[i] = table[from[i]!]!;
  }
}

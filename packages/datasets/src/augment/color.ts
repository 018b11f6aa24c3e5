import type { ImageShape } from './step.ts';

// The arithmetic of Pillow, to the byte: float32 where it uses float32, truncation where it truncates.
const { fround } = Math;

/** Grey value of a colour: ITU-R 601-2 luma in 16-bit fixed point. */
const luma = (r: number, g: number, b: number): number =>
  (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** Byte nearest below other + factor (value - other), held within 0..255. */
function mix(other: number, value: number, factor: number): number {
  const mixed = fround(other + fround(factor * (value - other)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed);
}

/** Every byte as what the table says; for changes that look at one value alone. */
export function mapBytes(from: Uint8Array, to: Uint8Array, table: Uint8Array): void {
  for (let i = 0; i < from.length; i++) to[i] = table[from[i]!]!;
}

const mixTable = new Uint8Array(256);

function mixAllWith(from: Uint8Array, to: Uint8Array, other: number, factor: number): void {
  const single = fround(factor);
  for (let value = 0; value < 256; value++) mixTable[value] = mix(other, value, single);
  mapBytes(from, to, mixTable);
}

/** Mixes with black: factor 0 is black, 1 the image, above 1 brighter. */
export function adjustBrightness(from: Uint8Array, to: Uint8Array, factor: number): void {
  mixAllWith(from, to, 0, factor);
}

/** Mixes with the image's mean grey: factor 0 is that grey, 1 the image. */
export function adjustContrast(
  from: Uint8Array,
  to: Uint8Array,
  [height, width, channels]: ImageShape,
  factor: number,
): void {
  let sum = 0;
  if (channels === 3) {
    for (let i = 0; i < from.length; i += 3) sum += luma(from[i]!, from[i + 1]!, from[i + 2]!);
  } else {
    for (let i = 0; i < from.length; i++) sum += from[i]!;
  }
  mixAllWith(from, to, Math.trunc(sum / (height * width) + 0.5), factor);
}

/** Mixes each RGB pixel with its own grey: factor 0 is grey, 1 the image. */
export function adjustSaturation(from: Uint8Array, to: Uint8Array, factor: number): void {
  const single = fround(factor);
  for (let i = 0; i < from.length; i += 3) {
    const grey = luma(from[i]!, from[i + 1]!, from[i + 2]!);
    to[i] = mix(grey, from[i]!, single);
    to[i + 1] = mix(grey, from[i + 1]!, single);
    to[i + 2] = mix(grey, from[i + 2]!, single);
  }
}

/** Mixes with the image smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, the border left as it is: above 1 sharper. */
export function adjustSharpness(
  from: Uint8Array,
  to: Uint8Array,
  [height, width, channels]: ImageShape,
  factor: number,
): void {
  const single = fround(factor);
  const row = width * channels;
  to.set(from);
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      const value = from[i]!;
      let sum = 4 * value;
      for (let near = i - row; near <= i + row; near += row) {
        sum += from[near - channels]! + from[near]! + from[near + channels]!;
      }
      // (sum / 13) to the nearest byte; 13 is odd, so there are no ties.
      to[i] = mix(Math.trunc((2 * sum + 13) / 26), value, single);
    }
  }
}

/**
 * Turns the hue of each RGB pixel, in Pillow's byte-valued HSV.
 *
 * @param shift turns of the colour circle, -0.5..0.5; counted in whole 1/256 of `shift * 255`, as torchvision does
 */
export function adjustHue(from: Uint8Array, to: Uint8Array, shift: number): void {
  const turn = Math.trunc(shift * 255);
  for (let i = 0; i < from.length; i += 3) {
    const r = from[i]!;
    const g = from[i + 1]!;
    const b = from[i + 2]!;
    const v = Math.max(r, g, b);
    const low = Math.min(r, g, b);
    const spread = v - low;
    const s = spread === 0 ? 0 : Math.trunc(fround(fround(spread / v) * 255));
    if (s === 0) {
      to[i] = to[i + 1] = to[i + 2] = v;
      continue;
    }
    const h = (hueOf(r, g, b, v, spread) + turn) & 255;
    const position = fround(h * 6) / 255;
    const sector = Math.floor(position);
    const part = fround(position - sector);
    const strength = fround(s / 255);
    const p = nearest(v * (1 - strength));
    const q = nearest(v * (1 - fround(strength * part)));
    const t = nearest(v * (1 - strength * (1 - part)));
    writeSector(to, i, sector % 6, v, p, q, t);
  }
}

/** Hue as a byte, after Python's colorsys. */
function hueOf(r: number, g: number, b: number, v: number, spread: number): number {
  const red = fround((v - r) / spread);
  const green = fround((v - g) / spread);
  const blue = fround((v - b) / spread);
  const sixth =
    r === v ? fround(blue - green) : g === v ? fround(2 + red - blue) : fround(4 + green - red);
  return Math.trunc(fround((sixth / 6 + 1) % 1) * 255);
}

const nearest = (value: number): number => Math.floor(fround(value) + 0.5);

function writeSector(
  to: Uint8Array,
  i: number,
  sector: number,
  v: number,
  p: number,
  q: number,
  t: number,
): void {
  const red = sector === 0 || sector === 5 ? v : sector === 1 ? q : sector === 4 ? t : p;
  const green = sector === 1 || sector === 2 ? v : sector === 3 ? q : sector === 0 ? t : p;
  const blue = sector === 3 || sector === 4 ? v : sector === 5 ? q : sector === 2 ? t : p;
  to[i] = red;
  to[i + 1] = green;
  to[i + 2] = blue;
}

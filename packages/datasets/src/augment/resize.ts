import type { ImageShape, PixelStep } from './step.ts';

/** Options of the step `random-resized-crop`. */
export interface RandomResizedCrop {
  name: 'random-resized-crop';
  /** Smallest and largest share of the image's area; default [0.08, 1]. */
  scale?: readonly [number, number];
  /** Narrowest and widest ratio of width to height; default [3 / 4, 4 / 3]. */
  ratio?: readonly [number, number];
  /** How pixels between the given ones are made; default 'bilinear'. */
  interpolation?: 'bilinear' | 'area';
  /** Whether shrinking averages over all pixels it covers (default true), as Pillow does. */
  antialias?: boolean;
}

/** A rectangle of an image, in pixels. */
export interface Region {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** For every output position: where its taps begin, and their weights in units of 2^-22. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
  /** Weights a position. */
  stride: number;
}

const precision = 22;
const half = 1 << (precision - 1);

/**
 * Weights of a resampling by a filter of finite support, as fixed-point integers.
 *
 * With `antialias` the filter is as wide as an output pixel; without it never wider than an input pixel.
 */
function filterTaps(
  inSize: number,
  outSize: number,
  interpolation: 'bilinear' | 'area',
  antialias: boolean,
): Taps {
  const step = inSize / outSize;
  const width = antialias || interpolation === 'area' ? Math.max(step, 1) : 1;
  const support = (interpolation === 'area' ? 0.5 : 1) * width;
  const stride = Math.ceil(support) * 2 + 1;
  const taps: Taps = {
    first: new Int32Array(outSize),
    count: new Int32Array(outSize),
    weights: new Int32Array(outSize * stride),
    stride,
  };
  for (let i = 0; i < outSize; i++) {
    const center = (i + 0.5) * step;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(inSize, Math.trunc(center + support + 0.5));
    const exact = Array.from({ length: last - first }, (_, k) => {
      const distance = (first + k - center + 0.5) / width;
      return interpolation === 'area'
        ? Number(distance > -0.5 && distance <= 0.5)
        : Math.max(0, 1 - Math.abs(distance));
    });
    const sum = exact.reduce((total, weight) => total + weight, 0);
    taps.first[i] = first;
    taps.count[i] = exact.length;
    exact.forEach((weight, k) => {
      taps.weights[i * stride + k] = Math.floor(0.5 + (weight / sum) * 2 ** precision);
    });
  }
  return taps;
}

/**
 * Makes the function that enlarges or shrinks a region of an image to the size of the whole image.
 *
 * Columns first, then rows, each rounded to bytes, with 22-bit weights: the arithmetic of Pillow's `Image.resize`,
 * so that a recipe tuned there sees the same pixels here.
 */
export function regionResizer(
  [height, width, channels]: ImageShape,
  interpolation: 'bilinear' | 'area' = 'bilinear',
  antialias = true,
): (from: Uint8Array, to: Uint8Array, region: Region) => void {
  const columns = tapsBySize(width, interpolation, antialias);
  const rows = tapsBySize(height, interpolation, antialias);
  const strip = new Uint8Array(height * width * channels);
  return (from, to, region) => {
    const across = columns(region.width);
    const down = rows(region.height);
    for (let y = 0; y < region.height; y++) {
      const row = ((region.top + y) * width + region.left) * channels;
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * channels;
        blend(from, row + across.first[x]! * channels, channels, across, x, strip, at, channels);
      }
    }
    const rowSize = width * channels;
    for (let y = 0; y < height; y++) {
      blend(strip, down.first[y]! * rowSize, rowSize, down, y, to, y * rowSize, rowSize);
    }
  };
}

/** Weights for every size a region can have, made when first asked for. */
function tapsBySize(
  outSize: number,
  interpolation: 'bilinear' | 'area',
  antialias: boolean,
): (inSize: number) => Taps {
  const known: Taps[] = [];
  return (inSize) => {
    const taps = known[inSize] ?? filterTaps(inSize, outSize, interpolation, antialias);
    known[inSize] = taps;
    return taps;
  };
}

/** Writes `count` weighted sums of elements `step` apart, the first of them starting at `start`. */
function blend(
  from: Uint8Array,
  start: number,
  step: number,
  taps: Taps,
  position: number,
  to: Uint8Array,
  at: number,
  count: number,
): void {
  const n = taps.count[position]!;
  const base = position * taps.stride;
  for (let c = 0; c < count; c++) {
    let sum = half;
    for (let k = 0, source = start + c; k < n; k++, source += step) {
      sum += from[source]! * taps.weights[base + k]!;
    }
    // Weights are at least 0 and add up to 2^22 (give or take the rounding of each), so only 256 can overflow.
    const value = sum >> precision;
    to[at + c] = value > 255 ? 255 : value;
  }
}

/** Draws the region: 10 tries at an area and a ratio that fit, then the largest middle one (as torchvision). */
export function drawRegion(
  [height, width]: ImageShape,
  [smallest, largest]: readonly [number, number],
  [narrow, wide]: readonly [number, number],
  random: { uniform(low?: number, high?: number): number; integer(n: number): number },
): Region {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.uniform(smallest, largest);
    const ratio = Math.exp(random.uniform(Math.log(narrow), Math.log(wide)));
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = random.integer(height - h + 1);
      return { top, left: random.integer(width - w + 1), height: h, width: w };
    }
  }
  const ratio = Math.min(Math.max(width / height, narrow), wide);
  const w = Math.min(width, Math.round(height * ratio));
  const h = Math.min(height, Math.round(width / ratio));
  return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
}

export function randomResizedCrop(
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], interpolation, antialias }: RandomResizedCrop,
  shape: ImageShape,
): PixelStep {
  const resize = regionResizer(shape, interpolation, antialias);
  return (from, to, random) => {
    resize(from, to, drawRegion(shape, scale, ratio, random));
    return true;
  };
}

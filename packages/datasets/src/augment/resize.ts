import { pair } from '../options.ts';
import { drawRegion, type Region } from './region.ts';
import type { ImageShape, PixelStep } from './step.ts';

/**
 * Options of the step `random-resized-crop`: a random region, enlarged to the image's own size.
 *
 * The enlarging is bilinear. There is no antialias option: it only matters where an image shrinks, and a region of
 * an image never does.
 */
export interface RandomResizedCrop {
  name: 'random-resized-crop';
  /** Smallest and largest share of the image's area; default [0.08, 1]. */
  scale?: readonly [number, number];
  /** Narrowest and widest ratio of width to height; default [3 / 4, 4 / 3]. */
  ratio?: readonly [number, number];
}

/** For every output position: where its inputs begin, and the weights of three of them in units of 2^-22. */
interface Taps {
  first: Int32Array;
  weights: Int32Array;
}

const precision = 22;
const half = 1 << (precision - 1);
const width3 = 3;

/** Bilinear weights that enlarge inSize positions to outSize. */
function enlargingTaps(inSize: number, outSize: number): Taps {
  const taps = { first: new Int32Array(outSize), weights: new Int32Array(outSize * width3) };
  for (let i = 0; i < outSize; i++) {
    const center = ((i + 0.5) * inSize) / outSize;
    const first = Math.max(0, Math.trunc(center - 0.5));
    const last = Math.min(inSize, Math.trunc(center + 1.5));
    const weights = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - center)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    // The third input, where there is none, has weight 0 and must still lie within the image.
    const start = Math.max(0, Math.min(first, inSize - width3));
    taps.first[i] = start;
    weights.forEach((weight, k) => {
      const at = i * width3 + first - start + k;
      taps.weights[at] = Math.floor(0.5 + (weight / sum) * 2 ** precision);
    });
  }
  return taps;
}

/**
 * Makes the function that enlarges a region of an image to the size of the image.
 *
 * Columns first, then rows, each rounded to bytes, with 22-bit weights: the arithmetic of Pillow's bilinear
 * `Image.resize`, so that a recipe tuned there sees the same pixels here.
 */
export function regionEnlarger([height, width, channels]: ImageShape): (
  from: Uint8Array,
  to: Uint8Array,
  region: Region,
) => void {
  const columns = tapsBySize(width);
  const rows = tapsBySize(height);
  const rowSize = width * channels;
  const strip = new Uint8Array(height * rowSize);
  return (from, to, region) => {
    const across = columns(region.width);
    const down = rows(region.height);
    for (let y = 0; y < region.height; y++) {
      const row = ((region.top + y) * width + region.left) * channels;
      for (let x = 0; x < width; x++) {
        const start = row + across.first[x]! * channels;
        blend(from, start, channels, across, x, strip, y * rowSize + x * channels, channels);
      }
    }
    for (let y = 0; y < height; y++) {
      blend(strip, down.first[y]! * rowSize, rowSize, down, y, to, y * rowSize, rowSize);
    }
  };
}

/** Weights for every size a region can have, made when first asked for. */
function tapsBySize(outSize: number): (inSize: number) => Taps {
  const known: Taps[] = [];
  return (inSize) => {
    const taps = known[inSize] ?? enlargingTaps(inSize, outSize);
    known[inSize] = taps;
    return taps;
  };
}

/** Writes `count` weighted sums of three values `step` apart, the first of them starting at `start`. */
function blend(
  from: Uint8Array,
  start: number,
  step: number,
  { weights }: Taps,
  position: number,
  to: Uint8Array,
  at: number,
  count: number,
): void {
  const w0 = weights[position * width3]!;
  const w1 = weights[position * width3 + 1]!;
  const w2 = weights[position * width3 + 2]!;
  for (let c = 0, i = start; c < count; c++, i++) {
    // A region of one or two pixels has nothing (undefined | 0 = 0) where the weight is 0.
    const sum = w0 * from[i]! + w1 * (from[i + step]! | 0) + w2 * (from[i + 2 * step]! | 0);
    // Weights are at least 0 and add up to 2^22 but for their rounding, so this stays within a byte.
    to[at + c] = (sum + half) >> precision;
  }
}

export function randomResizedCrop(
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: RandomResizedCrop,
  shape: ImageShape,
): PixelStep {
  pair('random-resized-crop: scale', scale, Number.MIN_VALUE, 1);
  pair('random-resized-crop: ratio', ratio, Number.MIN_VALUE, Number.MAX_VALUE);
  const [height, width] = shape;
  const enlarge = regionEnlarger(shape);
  const middle = middleRegion(height, width, ratio);
  return (from, to, random) => {
    enlarge(from, to, drawRegion(shape, scale, ratio, [height, width], random) ?? middle);
    return true;
  };
}

/** The largest rectangle in the middle whose ratio of width to height is allowed. */
function middleRegion(
  height: number,
  width: number,
  [narrow, wide]: readonly [number, number],
): Region {
  const nearest = Math.min(Math.max(width / height, narrow), wide);
  const w = Math.min(width, Math.round(height * nearest));
  const h = Math.min(height, Math.round(width / nearest));
  return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
}

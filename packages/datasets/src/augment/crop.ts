import { whole } from '../options.ts';
import type { ImageShape, PixelStep } from './step.ts';

/** Options of the step `random-crop`. */
export interface RandomCrop {
  name: 'random-crop';
  /** Pixels added on every side before a window of the old size is cut out. */
  padding: number;
  /** What the added pixels are: black (default), or the image mirrored at its edge. */
  mode?: 'constant' | 'reflect';
}

/**
 * Cuts the window at (top, left) of the padded image, as large as the image.
 *
 * @param from bytes h x w x c
 * @param to receives h x w x c bytes
 * @param top row of the window in the padded image, 0..2 padding
 * @param left column of the window in the padded image, 0..2 padding
 */
export function cropPadded(
  from: Uint8Array,
  to: Uint8Array,
  [height, width, channels]: ImageShape,
  { padding, mode = 'constant' }: Omit<RandomCrop, 'name'>,
  top: number,
  left: number,
): void {
  for (let y = 0; y < height; y++) {
    const row = source(y + top - padding, height, mode);
    for (let x = 0; x < width; x++) {
      const column = row < 0 ? -1 : source(x + left - padding, width, mode);
      const at = (y * width + x) * channels;
      const origin = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) to[at + c] = column < 0 ? 0 : from[origin + c]!;
    }
  }
}

function source(position: number, size: number, mode: 'constant' | 'reflect'): number {
  if (position >= 0 && position < size) return position;
  if (mode === 'constant') return -1;
  return position < 0 ? -position : 2 * (size - 1) - position;
}

export function randomCrop(options: RandomCrop, shape: ImageShape): PixelStep {
  const [height, width] = shape;
  // A mirror at the edge is only as deep as the image.
  const deepest = options.mode === 'reflect' ? Math.min(height, width) - 1 : undefined;
  whole('random-crop: padding', options.padding, 0, deepest);
  const windows = 2 * options.padding + 1;
  return (from, to, random) => {
    const top = random.integer(windows);
    const left = random.integer(windows);
    cropPadded(from, to, shape, options, top, left);
    return true;
  };
}

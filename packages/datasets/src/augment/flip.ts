import { within } from '../options.ts';
import type { ImageShape, PixelStep } from './step.ts';

/** Options of the step `flip`. */
export interface Flip {
  name: 'flip';
  /** Chance that an image is mirrored left to right, 0..1; default 0.5. */
  p?: number;
}

/** Mirrors an image left to right. */
export function flipHorizontal(
  from: Uint8Array,
  to: Uint8Array,
  [height, width, channels]: ImageShape,
): void {
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = width - 1; x >= 0; x--) {
      const origin = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) to[at++] = from[origin + c]!;
    }
  }
}

export function flip({ p = 0.5 }: Flip, shape: ImageShape): PixelStep {
  within('flip: p', p, 0, 1);
  return (from, to, random) => {
    if (random.uniform() >= p) return false;
    flipHorizontal(from, to, shape);
    return true;
  };
}

import { fillNormal, type Rng, type Stream } from '@pleat/random';
import { badOption, pair, within } from '../options.ts';
import { drawRegion } from './region.ts';
import type { ImageShape } from './step.ts';

/** Options of the step `random-erasing`, which works on normalised pixels and must come last. */
export interface RandomErasing {
  name: 'random-erasing';
  /** Chance that an image loses a rectangle, 0..1; default 0.5. */
  p?: number;
  /** Smallest and largest share of the image's area; default [0.02, 0.33]. */
  scale?: readonly [number, number];
  /** Narrowest and widest ratio of width to height; default [0.3, 3.3]. */
  ratio?: readonly [number, number];
  /** What fills it, after normalisation: a number (default 0), or normal noise of mean 0 and deviation 1. */
  value?: number | 'random';
}

/** A change to a normalised image, in place. `index` is that of the sample. */
export type FloatStep = (image: Float32Array, random: Rng, index: number) => void;

/**
 * Fills a random rectangle.
 *
 * Reference: Zhong et al., "Random Erasing Data Augmentation", 2020, algorithm 1, with torchvision's 10 tries.
 *
 * @param noise stream of the noise; each image has its own span of it
 */
export function randomErasing(
  { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0 }: RandomErasing,
  shape: ImageShape,
  noise: Stream,
): FloatStep {
  within('random-erasing: p', p, 0, 1);
  pair('random-erasing: scale', scale, 0, 1);
  pair('random-erasing: ratio', ratio, Number.MIN_VALUE, Number.MAX_VALUE);
  if (value !== 'random' && !Number.isFinite(value)) {
    throw badOption(`random-erasing: value to be a number or 'random'`, value);
  }
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const fill = new Float32Array(size).fill(value === 'random' ? 0 : value);
  return (image, random, index) => {
    if (random.uniform() >= p) return;
    const region = drawRegion(shape, scale, ratio, [height - 1, width - 1], random);
    if (region === null) return;
    const row = region.width * channels;
    if (value === 'random') {
      fillNormal(noise, fill.subarray(0, region.height * row), { offset: index * size });
    }
    for (let y = 0; y < region.height; y++) {
      const at = ((region.top + y) * width + region.left) * channels;
      image.set(fill.subarray(y * row, (y + 1) * row), at);
    }
  };
}

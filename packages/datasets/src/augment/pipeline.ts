import { rng, stream } from '@pleat/random';
import { type RandomCrop, randomCrop } from './crop.ts';
import { type Flip, flip } from './flip.ts';
import { applyTable, type Normalization, normalizationTable } from './normalize.ts';
import type { ImageShape, PixelStep } from './step.ts';

/** One augmentation and its options. */
export type AugmentStep = RandomCrop | Flip;

/** What decides every pixel of an epoch's images, besides the images. */
export interface RenderOptions {
  shape: ImageShape;
  seed: number;
  epoch: number;
  augment: readonly AugmentStep[];
  normalize?: Normalization | undefined;
}

/** Random words set aside for each image: far more than any list of steps draws. */
const drawsPerImage = 65536;

/**
 * Makes the function that augments one image and writes it as float32.
 *
 * What it writes depends on the options, the image and its index alone: each image has its own span of the
 * epoch's random stream.
 */
export function renderer(
  options: RenderOptions,
): (image: Uint8Array, index: number, out: Float32Array, at: number) => void {
  const { shape, augment } = options;
  const [height, width, channels] = shape;
  const steps = augment.map((step) => pixelStep(step, shape));
  const table = normalizationTable(channels, options.normalize);
  const draws = stream(options.seed, `datasets/augment/${options.epoch}`);
  const size = height * width * channels;
  const buffers = [new Uint8Array(size), new Uint8Array(size)] as const;
  return (image, index, out, at) => {
    let current = image;
    if (steps.length > 0) {
      const random = rng(draws, index * drawsPerImage);
      for (const step of steps) {
        const next = current === buffers[0] ? buffers[1] : buffers[0];
        if (step(current, next, random)) current = next;
      }
    }
    applyTable(current, table, channels, out, at);
  };
}

function pixelStep(step: AugmentStep, shape: ImageShape): PixelStep {
  switch (step.name) {
    case 'random-crop':
      return randomCrop(step, shape);
    case 'flip':
      return flip(step, shape);
  }
}

import { rng, stream } from '@pleat/random';
import { badOption } from '../options.ts';
import { type ColorJitter, colorJitter } from './color-jitter.ts';
import { type RandomCrop, randomCrop } from './crop.ts';
import { type FloatStep, type RandomErasing, randomErasing } from './erasing.ts';
import { type Flip, flip } from './flip.ts';
import { applyTable, type Normalization, normalizationTable } from './normalize.ts';
import { type RandAugment, randAugment } from './rand-augment.ts';
import { type RandomResizedCrop, randomResizedCrop } from './resize.ts';
import type { ImageShape, PixelStep } from './step.ts';

/** One augmentation and its options. */
export type AugmentStep =
  | RandomCrop
  | Flip
  | RandomResizedCrop
  | ColorJitter
  | RandAugment
  | RandomErasing;

/** What decides every pixel of an epoch's images, besides the images. */
export interface RenderOptions {
  shape: ImageShape;
  seed: number;
  epoch: number;
  augment: readonly AugmentStep[];
  normalize: Normalization | undefined;
}

/** Augments one image and writes it as float32 to `out`. */
export type Render = (image: Uint8Array, index: number, out: Float32Array) => void;

/** Random words set aside for each image: far more than any list of steps draws. */
const drawsPerImage = 65536;

/**
 * Makes the function that augments one image and writes it as float32.
 *
 * What it writes depends on the options, the image and its index alone: each image has its own span of the
 * epoch's random stream.
 *
 * @throws DatasetError `bad-option` for a step that makes no sense
 */
export function renderer(options: RenderOptions): Render {
  const { shape, augment, seed, epoch } = options;
  const [height, width, channels] = shape;
  const pixelSteps: PixelStep[] = [];
  const floatSteps: FloatStep[] = [];
  augment.forEach((step, position) => {
    if (step.name === 'random-erasing') {
      const noise = stream(seed, `datasets/erasing/${epoch}/${position}`);
      floatSteps.push(randomErasing(step, shape, noise));
    } else if (floatSteps.length > 0) {
      throw badOption(
        'random-erasing after all other steps of augment',
        augment.map((s) => s.name),
      );
    } else {
      pixelSteps.push(pixelStep(step, shape));
    }
  });
  const table = normalizationTable(channels, options.normalize);
  const random = rng(stream(seed, `datasets/augment/${epoch}`));
  const size = height * width * channels;
  const buffers = [new Uint8Array(size), new Uint8Array(size)] as const;
  return (image, index, out) => {
    random.position = index * drawsPerImage;
    let current = image;
    for (const step of pixelSteps) {
      const next = current === buffers[0] ? buffers[1] : buffers[0];
      if (step(current, next, random)) current = next;
    }
    applyTable(current, table, channels, out);
    for (const step of floatSteps) step(out, random, index);
  };
}

function pixelStep(step: Exclude<AugmentStep, RandomErasing>, shape: ImageShape): PixelStep {
  switch (step.name) {
    case 'random-crop':
      return randomCrop(step, shape);
    case 'flip':
      return flip(step, shape);
    case 'random-resized-crop':
      return randomResizedCrop(step, shape);
    case 'color-jitter':
      return colorJitter(step, shape);
    case 'rand-augment':
      return randAugment(step, shape);
    default:
      throw badOption('a step of augment to have a known name', (step as { name: unknown }).name);
  }
}

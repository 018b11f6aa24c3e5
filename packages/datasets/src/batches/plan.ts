import { permutation, stream } from '@pleat/random';
import type { Normalization } from '../augment/normalize.ts';
import { type AugmentStep, type Render, renderer } from '../augment/pipeline.ts';
import { DatasetError } from '../errors.ts';
import { whole } from '../options.ts';
import type { Split } from '../types.ts';

/** One batch, ready for a tensor. */
export interface Batch {
  /** Augmented, normalised pixels, NHWC, `size * height * width * channels` values. */
  images: Float32Array;
  /** Class of every image. */
  labels: Int32Array;
  /** Number of images. */
  size: number;
  /** Where in the split every image is. */
  indices: Uint32Array;
}

/** Options of `batches`. */
export interface BatchOptions {
  /** Height, width and channels of the split's images. */
  shape: readonly [number, number, number];
  /** Images in a batch. */
  batchSize: number;
  /** Decides order and augmentation; default 0. */
  seed?: number;
  /** Every epoch has an order and augmentation of its own; default 0. */
  epoch?: number;
  /** First batch to give, to go on inside an epoch; default 0. */
  startBatch?: number;
  /** Whether the order is drawn anew every epoch (default) or that of the split. */
  shuffle?: boolean;
  /** What is done to every image, in this order; default nothing. */
  augment?: readonly AugmentStep[];
  /** Subtracts mean and divides by std, per channel of 0..1; without it pixels are 0..1. */
  normalize?: Normalization;
  /** Threads that prepare batches (Node); 0 (default) prepares them on the calling thread, in short slices. */
  workers?: number;
  /** Batches prepared ahead by workers; default 2 a worker. */
  prefetch?: number;
  /** Whether a last, smaller batch is left out; default false. */
  dropRemainder?: boolean;
}

/** The options with every default filled in, and the epoch's order. */
export interface Plan extends Required<Omit<BatchOptions, 'normalize'>> {
  normalize: Normalization | undefined;
  /** Augments one image of the split; for one thread at a time. */
  render: Render;
  split: Split;
  order: Uint32Array;
  /** Batches of the whole epoch. */
  length: number;
}

/** Checks the options and draws the epoch's order. */
export function planBatches(split: Split, options: BatchOptions): Plan {
  const {
    shape,
    batchSize,
    seed = 0,
    epoch = 0,
    startBatch = 0,
    shuffle = true,
    augment = [],
  } = options;
  const { normalize, workers = 0, prefetch = 2 * workers, dropRemainder = false } = options;
  const [height, width, channels] = shape;
  const n = split.length;
  whole('batchSize', batchSize, 1);
  whole('epoch', epoch, 0);
  whole('workers', workers, 0);
  whole('prefetch', prefetch, 0);
  if (split.images.length !== n * height * width * channels) {
    throw new DatasetError(
      'bad-option',
      `batches: expected ${n} images of ${shape.join(' x ')} = ${n * height * width * channels} bytes, found ${split.images.length}; pass the data set's own shape.`,
    );
  }
  const length = dropRemainder ? Math.floor(n / batchSize) : Math.ceil(n / batchSize);
  whole('startBatch', startBatch, 0, length);
  for (const key of ['mean', 'std'] as const) {
    if (normalize && normalize[key].length !== channels) {
      throw new DatasetError(
        'bad-option',
        `batches: expected normalize.${key} to have ${channels} values, one a channel, found ${normalize[key].length}; pass the data set's own ${key}.`,
      );
    }
  }
  const order = shuffle
    ? permutation(stream(seed, `datasets/order/${epoch}`), n)
    : Uint32Array.from({ length: n }, (_, i) => i);
  const render = renderer({ shape, seed, epoch, augment, normalize });
  return {
    render,
    shape,
    batchSize,
    seed,
    epoch,
    startBatch,
    shuffle,
    augment,
    normalize,
    workers,
    prefetch,
    dropRemainder,
    split,
    order,
    length,
  };
}

/** Batch b of the plan with its indices and labels, its pixels still to be written. */
export function emptyBatch(plan: Plan, b: number): Batch {
  const indices = plan.order.slice(b * plan.batchSize, (b + 1) * plan.batchSize);
  const [height, width, channels] = plan.shape;
  return {
    images: new Float32Array(indices.length * height * width * channels),
    labels: Int32Array.from(indices, (i) => plan.split.labels[i]!),
    size: indices.length,
    indices,
  };
}

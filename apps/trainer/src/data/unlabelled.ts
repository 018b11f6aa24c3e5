import { batches, type Dataset } from '@pleat/datasets';
import * as tf from '@tensorflow/tfjs';
import { breathe } from '../train/evaluate.ts';

type Images = Pick<Dataset, 'train' | 'shape' | 'mean' | 'std'>;

/** Training images as tensors, normalised and not augmented; whoever takes one disposes of it. */
async function* tensors(
  { train, shape, mean, std }: Images,
  options: { batchSize: number; shuffle: boolean; seed: number },
): AsyncGenerator<tf.Tensor> {
  const normalize = { mean, std };
  const source = batches(train, { ...options, shape, epoch: 0, normalize, workers: 0 });
  try {
    for await (const { images, size } of source) yield tf.tensor4d(images, [size, ...shape]);
  } finally {
    await source.close();
  }
}

/**
 * A few batches of training images in a random order.
 *
 * @param count of batches; fewer where there are fewer images
 */
export async function* unlabelledBatches(
  images: Images,
  count: number,
  seed = 0,
): AsyncGenerator<tf.Tensor> {
  if (count < 1) return;
  const batchSize = Math.min(100, images.train.length);
  let left = count;
  for await (const batch of tensors(images, { batchSize, shuffle: true, seed })) {
    yield batch;
    if (--left === 0) return;
  }
}

/**
 * The training images in their order, in batches.
 *
 * @param onImages called after each batch was seen, with how many of all; may throw to stop
 */
export async function* imagesInOrder(
  images: Images,
  onImages: (done: number) => void,
): AsyncGenerator<tf.Tensor> {
  let done = 0;
  for await (const batch of tensors(images, { batchSize: 64, shuffle: false, seed: 0 })) {
    const count = batch.shape[0] as number;
    try {
      yield batch;
    } finally {
      batch.dispose();
    }
    done += count;
    onImages(done);
    await breathe();
  }
}

/** The first training images as one tensor, so that every reader of a file computes the same statistics from them. */
export async function firstBatch(images: Images, count: number): Promise<tf.Tensor> {
  const batchSize = Math.min(count, images.train.length);
  for await (const batch of tensors(images, { batchSize, shuffle: false, seed: 0 })) return batch;
  throw new Error('firstBatch: there are no training images.');
}

import { batches, type Dataset } from '@pleat/datasets';
import * as tf from '@tensorflow/tfjs';

/**
 * A few batches of training images in a random order, as tensors; whoever takes one disposes of it.
 *
 * @param count of batches; fewer where there are fewer images
 */
export async function* unlabelledBatches(
  { train, shape, mean, std }: Pick<Dataset, 'train' | 'shape' | 'mean' | 'std'>,
  count: number,
  seed = 0,
): AsyncGenerator<tf.Tensor> {
  if (count < 1) return;
  const batchSize = Math.min(100, train.length);
  const normalize = { mean, std };
  const options = { shape, batchSize, seed, epoch: 0, shuffle: true, normalize, workers: 0 };
  const source = batches(train, options);
  try {
    let left = count;
    for await (const { images, size } of source) {
      yield tf.tensor4d(images, [size, ...shape]);
      if (--left === 0) return;
    }
  } finally {
    await source.close();
  }
}

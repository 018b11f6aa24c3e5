import { batches, type Dataset } from '@pleat/datasets';
import * as tf from '@tensorflow/tfjs';

/** Training images from which the statistics of batch norms are computed that a file leaves out. */
export const calibrationImages = 500;

/**
 * The first training images as one tensor, normalised and not augmented, so that every reader of a file computes the same
 * statistics; the caller disposes of it.
 */
export async function calibrationBatch(
  { train, shape, mean, std }: Pick<Dataset, 'train' | 'shape' | 'mean' | 'std'>,
  count: number = calibrationImages,
): Promise<tf.Tensor> {
  const batchSize = Math.min(count, train.length);
  const normalize = { mean, std };
  const source = batches(train, { shape, batchSize, shuffle: false, normalize, workers: 0 });
  try {
    for await (const { images, size } of source) return tf.tensor4d(images, [size, ...shape]);
  } finally {
    await source.close();
  }
  throw new Error('calibrationBatch: there are no training images.');
}

import type { Dataset } from '@pleat/datasets';
import { decodeModel } from '@pleat/mask';
import type * as tf from '@tensorflow/tfjs';
import { firstBatch } from './unlabelled.ts';

/** Training images from which the statistics of batch norms are computed that a file leaves out. */
export const calibrationImages = 500;

/** The model in a file that leaves them out. */
export async function decodeCalibrated(
  bytes: Uint8Array,
  dataset: Pick<Dataset, 'train' | 'shape' | 'mean' | 'std'>,
  count: number = calibrationImages,
): Promise<tf.LayersModel> {
  const calibrate = await firstBatch(dataset, count);
  try {
    return await decodeModel(bytes, { calibrate });
  } finally {
    calibrate.dispose();
  }
}

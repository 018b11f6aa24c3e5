import * as tf from '@tensorflow/tfjs';
import type { SavedTensor } from '../run/checkpoint.ts';

/** Copies of all weights of a model, trainable or not, in its own order. */
export async function saveWeights(model: tf.LayersModel): Promise<SavedTensor[]> {
  return Promise.all(
    model.weights.map(async (weight) => {
      const tensor = weight.read();
      // A backend may hand out its own memory, which the next step overwrites.
      const values = Float32Array.from(await tensor.data());
      return { shape: tensor.shape.slice(), values };
    }),
  );
}

/**
 * Puts saved weights back, bit for bit.
 *
 * @throws Error when the model has other weights than were saved
 */
export function restoreWeights(model: tf.LayersModel, saved: readonly SavedTensor[]): void {
  const { weights } = model;
  const fits =
    weights.length === saved.length &&
    weights.every((weight, i) => weight.shape.join() === saved[i]!.shape.join());
  if (!fits) {
    throw new Error(
      'restoreWeights: the saved weights do not fit this model; was it built by another version?',
    );
  }
  tf.tidy(() => {
    for (const [i, weight] of weights.entries()) {
      weight.write(tf.tensor(saved[i]!.values, saved[i]!.shape, 'float32'));
    }
  });
}

import type * as tf from '@tensorflow/tfjs';

/**
 * Counts a model's trainable numbers, which is what papers call its parameters: moving statistics of batch norms are not among them.
 *
 * @param model Any layers model.
 * @returns The number of trainable values.
 * @example
 * countParameters(resNet({ depth: 20 })); // 269722
 */
export function countParameters(model: tf.LayersModel): number {
  return model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((product, size) => product * (size ?? 1), 1),
    0,
  );
}

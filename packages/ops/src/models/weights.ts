import type * as tf from '@tensorflow/tfjs';
import { layerPlaces } from './walk.ts';

/**
 * A weight's own name within its layer, without scope and uniqueness suffix.
 *
 * @param weight - One of `layer.weights`.
 * @returns For example `kernel` or `moving_mean`.
 * @example
 * ```js
 * weightName(tf.layers.dense({ units: 1, inputShape: [2] }).weights[0]); // kernel, once built
 * ```
 */
export function weightName(weight: tf.LayerVariable): string {
  return weight.originalName.split('/').at(-1) ?? weight.originalName;
}

/** The value for a target's weight, given the weight at the same position of the source layer; null leaves it as it is. */
export type WeightValue = (source: tf.LayerVariable, target: tf.LayerVariable) => tf.Tensor | null;

/**
 * Sets the weights of a model from those of one with the same layers, by path and position.
 *
 * @param source - Where values come from.
 * @param target - The model that is written.
 * @param value - What to write; the source's own value by default.
 * @example
 * ```js
 * copyWeights(model, rebuildModel(model, (layer) => layer, true));
 * ```
 */
export function copyWeights(
  source: tf.LayersModel,
  target: tf.LayersModel,
  value: WeightValue = (weight) => weight.read(),
): void {
  const sources = new Map(layerPlaces(source).map(({ path, layer }) => [path, layer.weights]));
  for (const { path, layer } of layerPlaces(target)) {
    layer.weights.forEach((weight, i) => {
      const counterpart = sources.get(path)?.[i];
      if (counterpart === undefined) return;
      const written = value(counterpart, weight);
      if (written !== null) weight.write(written);
    });
  }
}

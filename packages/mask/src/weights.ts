import type * as tf from '@tensorflow/tfjs';
import type { MaskedKernel } from './layers/kernel.ts';
import { isMasked } from './layers/masked-layer.ts';
import { places } from './layers/walk.ts';

/** A weight's own name within its layer, e.g. `kernel`, without scope and uniqueness suffix. */
export function baseName(weight: tf.LayerVariable): string {
  return weight.originalName.split('/').at(-1) ?? weight.originalName;
}

/** The masked kernels of a model and where each sits, by the variable that holds its scores. */
export function maskedKernels(
  model: tf.LayersModel,
): Map<tf.LayerVariable, { path: string; kernel: MaskedKernel }> {
  const found = new Map<tf.LayerVariable, { path: string; kernel: MaskedKernel }>();
  for (const { path, layer } of places(model)) {
    if (!isMasked(layer)) continue;
    for (const kernel of layer.kernels) found.set(kernel.scores, { path, kernel });
  }
  return found;
}

/** The value for a target's weight, given the weight at the same position of the source layer; null leaves it as it is. */
export type Value = (source: tf.LayerVariable, target: tf.LayerVariable) => tf.Tensor | null;

/** Sets the weights of a model from those of one with the same layers, by path and position. */
export function copyWeights(source: tf.LayersModel, target: tf.LayersModel, value: Value): void {
  const sources = new Map(places(source).map(({ path, layer }) => [path, layer.weights]));
  for (const { path, layer } of places(target)) {
    layer.weights.forEach((weight, i) => {
      const counterpart = sources.get(path)?.[i];
      if (counterpart === undefined) return;
      const written = value(counterpart, weight);
      if (written !== null) weight.write(written);
    });
  }
}

/**
 * Frees a model's weights. Unlike `model.dispose()` it also frees those of models in models: tfjs counts their uses wrongly.
 */
export function disposeModel(model: tf.LayersModel): void {
  for (const { kernel } of maskedKernels(model).values()) kernel.dispose();
  for (const weight of model.weights) weight.dispose();
}

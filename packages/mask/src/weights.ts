import { layerPlaces } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { MaskedKernel } from './layers/kernel.ts';
import { isMasked } from './layers/masked-layer.ts';

/** The masked kernels of a model and where each sits, by the variable that holds its scores. */
export function maskedKernels(
  model: tf.LayersModel,
): Map<tf.LayerVariable, { path: string; kernel: MaskedKernel }> {
  const found = new Map<tf.LayerVariable, { path: string; kernel: MaskedKernel }>();
  for (const { path, layer } of layerPlaces(model)) {
    if (!isMasked(layer)) continue;
    for (const kernel of layer.kernels) found.set(kernel.scores, { path, kernel });
  }
  return found;
}

/**
 * Frees a model's weights. Unlike `model.dispose()` it also frees those of models in models: tfjs counts their uses wrongly.
 */
export function disposeModel(model: tf.LayersModel): void {
  for (const { kernel } of maskedKernels(model).values()) kernel.dispose();
  for (const weight of model.weights) weight.dispose();
}

import { layerPlaces, weightName } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { MaskedKernel } from './layers/kernel.ts';
import { isMasked } from './layers/masked-layer.ts';

/** The masked kernels of a model in order, and where each sits. */
export function maskedKernels(model: tf.LayersModel): { path: string; kernel: MaskedKernel }[] {
  return layerPlaces(model).flatMap(({ path, layer }) =>
    isMasked(layer) ? layer.kernels.map((kernel) => ({ path, kernel })) : [],
  );
}

/** A weight of a plain layer, or the masked kernel that stands in its place. */
type Slot = tf.LayerVariable | MaskedKernel;

/** What a layer has where its plain form has weights, in that order. */
function slotsOf(layer: tf.layers.Layer): readonly Slot[] {
  return isMasked(layer) ? layer.slots : layer.weights;
}

/** The value for a target's weight, given what is in its place in the source layer; null leaves it as it is. */
type Value = (source: Slot, target: Slot) => tf.Tensor | null;

/** Tells the weight of the same name. */
function sameName(slot: Slot): (other: Slot) => boolean {
  return (other) =>
    !(slot instanceof MaskedKernel || other instanceof MaskedKernel) &&
    weightName(slot) === weightName(other);
}

/**
 * Sets the weights of a model from those of one with the same layers, masked or plain, by path and position; by path and
 * name where a layer has fewer weights than before.
 */
export function copySlots(source: tf.LayersModel, target: tf.LayersModel, value: Value): void {
  const sources = new Map(layerPlaces(source).map(({ path, layer }) => [path, slotsOf(layer)]));
  for (const { path, layer } of layerPlaces(target)) {
    const own = sources.get(path) ?? [];
    const slots = slotsOf(layer);
    slots.forEach((slot, i) => {
      // A batch norm without scale and shift has fewer weights than the one it is made from.
      const counterpart = own.length === slots.length ? own[i] : own.find(sameName(slot));
      if (counterpart === undefined) return;
      const written = value(counterpart, slot);
      if (written !== null && !(slot instanceof MaskedKernel)) slot.write(written);
    });
  }
}

/**
 * Frees a model's weights. Unlike `model.dispose()` it also frees those of models in models: tfjs counts their uses wrongly.
 */
export function disposeModel(model: tf.LayersModel): void {
  for (const { kernel } of maskedKernels(model)) kernel.dispose();
  for (const weight of model.weights) weight.dispose();
}

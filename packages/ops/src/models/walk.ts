import * as tf from '@tensorflow/tfjs';

/** A layer that is no model, and where it sits: the names of the models and wrappers around it, then its own. */
export interface LayerPlace {
  path: string;
  layer: tf.layers.Layer;
}

/** Tells whether a layer is itself a model. */
export function isModel(layer: tf.layers.Layer): layer is tf.LayersModel {
  return layer instanceof tf.LayersModel;
}

/** The wrapper whose inner layer counts as a layer of the model; others (Bidirectional) hold recurrent layers and stay whole. */
export const wrapper = 'TimeDistributed';

/** The layer inside a `TimeDistributed`, or null for any other layer. */
export function wrappedLayer(layer: tf.layers.Layer): tf.layers.Layer | null {
  return layer.getClassName() === wrapper
    ? (layer as unknown as { layer: tf.layers.Layer }).layer
    : null;
}

/**
 * Every layer of a model in order, those of models in models included.
 *
 * @param model Any LayersModel.
 * @returns The layers that are no models, each with its path.
 * @throws Error When one layer object sits in two places: a model's config cannot say so, and rebuilding would part them.
 * @example
 * ```js
 * layerPlaces(model).map(({ path }) => path); // ['conv', 'block/dense']
 * ```
 */
export function layerPlaces(model: tf.LayersModel): LayerPlace[] {
  const found: LayerPlace[] = [];
  const seen = new Map<tf.layers.Layer, string>();
  const visit = (layer: tf.layers.Layer, path: string): void => {
    const before = seen.get(layer);
    if (before !== undefined) {
      throw new Error(
        `Layer '${layer.name}' is used in two models at once ('${before}' and '${path}'): tfjs cannot store that they ` +
          'share weights. Use it within one model only.',
      );
    }
    seen.set(layer, path);
    if (isModel(layer)) {
      for (const child of layer.layers) visit(child, `${path}/${child.name}`);
      return;
    }
    const inner = wrappedLayer(layer);
    if (inner !== null) visit(inner, `${path}/${inner.name}`);
    else found.push({ path, layer });
  };
  for (const layer of model.layers) visit(layer, layer.name);
  return found;
}

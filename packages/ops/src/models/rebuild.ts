import * as tf from '@tensorflow/tfjs';
import { layerPlaces, wrapper } from './walk.ts';

type Config = tf.serialization.ConfigDict;

/** A layer as configs hold it. */
export interface SerializedLayer {
  className: string;
  config: Config;
}

/** Turns one layer's config into another's; path as in `layerPlaces`. */
export type LayerTransform = (layer: SerializedLayer, path: string) => SerializedLayer;

const models = ['Model', 'Functional', 'Sequential'];

function transformLayer(
  layer: SerializedLayer,
  path: string,
  transform: LayerTransform,
): SerializedLayer {
  const { className, config } = layer;
  if (models.includes(className)) {
    return { ...layer, config: transformModel(config, `${path}/`, transform) };
  }
  if (className === wrapper) {
    const inner = config.layer as unknown as SerializedLayer;
    const innerPath = `${path}/${inner.config.name as string}`;
    const changed = transformLayer(inner, innerPath, transform);
    return { ...layer, config: { ...config, layer: changed as unknown as Config } };
  }
  // What is beside className and config (the layer's name and its connections) stays.
  return { ...layer, ...transform({ className, config }, path) };
}

/** Applies a transform to every layer of a model's config that is itself no model. */
function transformModel(config: Config, prefix: string, transform: LayerTransform): Config {
  const layers = config.layers as unknown as SerializedLayer[];
  return {
    ...config,
    layers: layers.map((layer) =>
      transformLayer(layer, `${prefix}${layer.config.name as string}`, transform),
    ) as unknown as Config[],
  };
}

/** Adds what tfjs leaves out of its configs and needs to build the layer again. */
function completed(layer: tf.layers.Layer | undefined, config: Config): Config {
  if (layer?.getClassName() !== 'SeparableConv2D') return config;
  return { ...config, depthMultiplier: (layer as unknown as Config).depthMultiplier as number };
}

/** Builds a model of the same class from a config. */
export function modelFromConfig(
  className: string,
  config: Config,
  fastWeightInit: boolean,
): tf.LayersModel {
  const Class = className === 'Sequential' ? tf.Sequential : tf.LayersModel;
  const { fromConfig } = Class as unknown as {
    fromConfig(cls: unknown, config: Config, custom: object, fast: boolean): tf.LayersModel;
  };
  return fromConfig(Class, config, {}, fastWeightInit);
}

/**
 * Builds a new model like this one with some of its layers changed; weights are not copied.
 *
 * @param model Any built LayersModel; it is not changed.
 * @param transform Gives each layer's new class and config.
 * @param fastWeightInit Whether weights may start at zero in place of what their initialisers give.
 * @returns The new model, not compiled.
 * @example
 * ```js
 * rebuildModel(model, (layer) => toStandardLayer(layer) ?? layer, true); // of stock layers
 * ```
 */
export function rebuildModel(
  model: tf.LayersModel,
  transform: LayerTransform,
  fastWeightInit: boolean,
): tf.LayersModel {
  const config = structuredClone(model.getConfig()) as Config;
  const layers = new Map(layerPlaces(model).map(({ path, layer }) => [path, layer]));
  const whole: LayerTransform = ({ className, config }, path) =>
    transform({ className, config: completed(layers.get(path), config) }, path);
  return modelFromConfig(model.getClassName(), transformModel(config, '', whole), fastWeightInit);
}

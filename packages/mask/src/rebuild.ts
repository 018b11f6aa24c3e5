import * as tf from '@tensorflow/tfjs';
import { wrapper } from './layers/walk.ts';

type Config = tf.serialization.ConfigDict;

/** A layer as configs hold it. */
export interface LayerConfig {
  className: string;
  config: Config;
}

/** Turns one layer's config into another's; path as in `places`. */
export type Transform = (layer: LayerConfig, path: string) => LayerConfig;

const models = ['Model', 'Functional', 'Sequential'];

function transformLayer(layer: LayerConfig, path: string, transform: Transform): LayerConfig {
  const { className, config } = layer;
  if (models.includes(className)) {
    return { ...layer, config: transformModel(config, `${path}/`, transform) };
  }
  if (className === wrapper) {
    const inner = config.layer as unknown as LayerConfig;
    const innerPath = `${path}/${inner.config.name as string}`;
    const changed = transformLayer(inner, innerPath, transform);
    return { ...layer, config: { ...config, layer: changed as unknown as Config } };
  }
  // What is beside className and config (the layer's name and its connections) stays.
  return { ...layer, ...transform({ className, config }, path) };
}

/** Applies a transform to every layer of a model's config that is itself no model. */
function transformModel(config: Config, prefix: string, transform: Transform): Config {
  const layers = config.layers as unknown as LayerConfig[];
  return {
    ...config,
    layers: layers.map((layer) =>
      transformLayer(layer, `${prefix}${layer.config.name as string}`, transform),
    ) as unknown as Config[],
  };
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

/** Builds a new model like this one with some of its layers changed; weights are not copied. */
export function rebuild(
  model: tf.LayersModel,
  transform: Transform,
  fastWeightInit: boolean,
): tf.LayersModel {
  const config = structuredClone(model.getConfig()) as Config;
  const className = model.getClassName();
  return modelFromConfig(className, transformModel(config, '', transform), fastWeightInit);
}

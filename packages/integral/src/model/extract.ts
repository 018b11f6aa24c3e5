import { layerPlaces } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { isIntegral } from '../layers/integral-layer.ts';
import { sizesOf, stateOf } from './state.ts';

/**
 * The plain model an integral model is at its sizes of now.
 * @param model An integral model; it is not changed.
 * @returns A new model of the layers it was converted from, not compiled; it needs nothing of this package.
 * @throws Error When the model is not integral.
 * @example
 * const small = extract(resize(integral, { conv1: 8 }));
 * small.layers[1].getConfig().filters; // 8
 */
export function extract(model: tf.LayersModel): tf.LayersModel {
  const state = stateOf('extract', model);
  const result = state.sizer.build(sizesOf(state));
  const sources = new Map(layerPlaces(model).map(({ path, layer }) => [path, layer]));
  for (const { path, layer } of layerPlaces(result)) {
    const source = sources.get(path) as tf.layers.Layer;
    layer.weights.forEach((target, i) => {
      const coefficients = source.weights[i] as tf.LayerVariable;
      const sampler = isIntegral(source) ? state.samplers.get(coefficients) : undefined;
      if (sampler === undefined || sampler.whole) {
        target.write(coefficients.read());
        return;
      }
      const own = coefficients.read();
      const values = sampler.sampleArray(own.dataSync<'float32'>(), own.shape);
      const tensor = tf.tensor(values, target.shape as number[]);
      target.write(tensor);
      tensor.dispose();
    });
  }
  const { integral: _, ...metadata } = model.getUserDefinedMetadata() as Record<string, object>;
  if (Object.keys(metadata).length > 0) result.setUserDefinedMetadata(metadata);
  return result;
}

import * as tf from '@tensorflow/tfjs';
import { globalAveragePool } from '../global-average-pool.ts';
import { type LayerArguments, onlyShape, onlyTensor } from './base.ts';

/** The layer `globalAveragePoolLayer` makes. */
export class PleatGlobalAveragePoolLayer extends tf.layers.Layer {
  static readonly className = 'PleatGlobalAveragePool';

  constructor(options: LayerArguments = {}) {
    super(options);
    this.inputSpec = [new tf.InputSpec({ ndim: 4 })];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return globalAveragePool(onlyTensor<tf.Tensor4D>(inputs));
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const shape = onlyShape(inputShape);
    return [shape[0]!, shape[3]!];
  }
}
tf.serialization.registerClass(PleatGlobalAveragePoolLayer);

/**
 * The mean over height and width as a layer, [n, h, w, c] to [n, c].
 *
 * @param options - What every layer takes.
 * @returns The layer; it has no weights.
 * @see Lin, Chen & Yan 2014, arXiv 1312.4400.
 * @example
 * ```js
 * globalAveragePoolLayer().apply(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1])).print(); // [[3]]
 * ```
 */
export function globalAveragePoolLayer(options: LayerArguments = {}): PleatGlobalAveragePoolLayer {
  return new PleatGlobalAveragePoolLayer(options);
}

import * as tf from '@tensorflow/tfjs';
import { gelu } from '../gelu.ts';
import { type LayerArguments, onlyTensor } from './base.ts';

/** Options of the gelu layer. */
export interface GeluOptions extends LayerArguments {
  /** Take the tanh form; default false. */
  approximate?: boolean;
}

/** The layer `geluLayer` makes. */
export class PleatGeluLayer extends tf.layers.Layer {
  static readonly className = 'PleatGelu';
  readonly approximate: boolean;

  constructor(options: GeluOptions = {}) {
    super(options);
    this.approximate = options.approximate ?? false;
    this.supportsMasking = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return gelu(onlyTensor(inputs), { approximate: this.approximate });
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), approximate: this.approximate };
  }
}
tf.serialization.registerClass(PleatGeluLayer);

/**
 * The Gaussian error linear unit as a layer.
 *
 * @param options - `approximate` (default false) takes the tanh form.
 * @returns The layer; output of the shape of the input.
 * @see Hendrycks & Gimpel 2016, arXiv 1606.08415.
 * @example
 * ```js
 * geluLayer().apply(tf.tensor2d([[-1, 0, 1]])).print(); // [[-0.1586553, 0, 0.8413447]]
 * ```
 */
export function geluLayer(options: GeluOptions = {}): PleatGeluLayer {
  return new PleatGeluLayer(options);
}

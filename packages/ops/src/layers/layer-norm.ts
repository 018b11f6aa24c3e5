import * as tf from '@tensorflow/tfjs';
import { layerNorm } from '../layer-norm.ts';
import { knownSize, type LayerArguments, onlyShape, onlyTensor } from './base.ts';

/** Options of the layer norm layer. */
export interface LayerNormOptions extends LayerArguments {
  /** Added to the variance; default 1e-5. */
  epsilon?: number;
  /** Learn a shift (beta); default true. */
  center?: boolean;
  /** Learn a scale (gamma); default true. */
  scale?: boolean;
}

/** The layer `layerNormLayer` makes. */
export class PleatLayerNormLayer extends tf.layers.Layer {
  static readonly className = 'PleatLayerNorm';
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  gamma: tf.LayerVariable | undefined;
  beta: tf.LayerVariable | undefined;

  constructor(options: LayerNormOptions = {}) {
    super(options);
    this.epsilon = options.epsilon ?? 1e-5;
    this.center = options.center ?? true;
    this.scale = options.scale ?? true;
    this.supportsMasking = true;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = [knownSize('PleatLayerNorm', onlyShape(inputShape), -1)];
    if (this.scale) {
      this.gamma = this.addWeight('gamma', shape, 'float32', tf.initializers.ones());
    }
    if (this.center) {
      this.beta = this.addWeight('beta', shape, 'float32', tf.initializers.zeros());
    }
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const channels = x.shape[x.rank - 1]!;
      const gamma = this.gamma?.read() ?? tf.ones([channels]);
      const beta = this.beta?.read() ?? tf.zeros([channels]);
      return layerNorm(x, gamma, beta, { epsilon: this.epsilon });
    });
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { epsilon, center, scale } = this;
    return { ...super.getConfig(), epsilon, center, scale };
  }
}
tf.serialization.registerClass(PleatLayerNormLayer);

/**
 * Layer normalisation over the last axis as a layer.
 *
 * @param options - `epsilon` (default 1e-5), `center` and `scale` (default true).
 * @returns The layer; weights gamma and beta, each [c].
 * @throws Error when built on an input whose last axis is unknown.
 * @see Ba, Kiros & Hinton 2016, arXiv 1607.06450.
 * @example
 * ```js
 * layerNormLayer({ epsilon: 0 }).apply(tf.tensor2d([[1, 3]])).print(); // [[-1, 1]]
 * ```
 */
export function layerNormLayer(options: LayerNormOptions = {}): PleatLayerNormLayer {
  return new PleatLayerNormLayer(options);
}

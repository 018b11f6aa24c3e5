import * as tf from '@tensorflow/tfjs';
import { batchNormInfer, batchNormTrain } from '../batch-norm.ts';
import { hasKernel } from '../kernels.ts';
import { PleatMoveTowards, runListKernel } from '../list-kernels.ts';
import { knownSize, type LayerArguments, onlyShape, onlyTensor } from './base.ts';

/** Options of the batch norm layer. */
export interface BatchNormOptions extends LayerArguments {
  /** Share of the running statistics kept at each training step; default 0.9. */
  momentum?: number;
  /** Added to the variance; default 1e-5. */
  epsilon?: number;
  /** Learn a shift (beta); default true. */
  center?: boolean;
  /** Learn a scale (gamma); default true. */
  scale?: boolean;
}

/** The layer `batchNorm` makes. */
export class PleatBatchNormLayer extends tf.layers.Layer {
  static readonly className = 'PleatBatchNorm';
  readonly momentum: number;
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  gamma: tf.LayerVariable | undefined;
  beta: tf.LayerVariable | undefined;
  movingMean!: tf.LayerVariable;
  movingVariance!: tf.LayerVariable;

  constructor(options: BatchNormOptions = {}) {
    super(options);
    this.momentum = options.momentum ?? 0.9;
    this.epsilon = options.epsilon ?? 1e-5;
    this.center = options.center ?? true;
    this.scale = options.scale ?? true;
    this.supportsMasking = true;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = [knownSize('PleatBatchNorm', onlyShape(inputShape), -1)];
    const ones = tf.initializers.ones();
    const zeros = tf.initializers.zeros();
    // The order of the stock layer: gamma, beta, moving mean, moving variance.
    if (this.scale) this.gamma = this.addWeight('gamma', shape, 'float32', ones);
    if (this.center) this.beta = this.addWeight('beta', shape, 'float32', zeros);
    this.movingMean = this.addWeight('moving_mean', shape, 'float32', zeros, undefined, false);
    this.movingVariance = this.addWeight(
      'moving_variance',
      shape,
      'float32',
      ones,
      undefined,
      false,
    );
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean } = {}): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const channels = x.shape[x.rank - 1]!;
      const gamma = this.gamma?.read() ?? tf.ones([channels]);
      const beta = this.beta?.read() ?? tf.zeros([channels]);
      const { epsilon } = this;
      if (!kwargs?.training) {
        const mean = this.movingMean.read();
        const variance = this.movingVariance.read();
        return batchNormInfer(x, gamma, beta, mean, variance, { epsilon });
      }
      const [y, mean, variance] = batchNormTrain(x, gamma, beta, { epsilon });
      this.follow(mean, variance);
      return y;
    });
  }

  /** Moves the running statistics towards a batch's. */
  private follow(...batch: tf.Tensor[]): void {
    const running = [this.movingMean, this.movingVariance];
    const old = running.map((weight) => weight.read());
    const share = 1 - this.momentum;
    const [moved] = hasKernel(PleatMoveTowards)
      ? runListKernel(PleatMoveTowards, { value: old, target: batch }, { share })
      : [old.map((value, i) => value.add(batch[i]!.sub(value).mul(share)))];
    running.forEach((weight, i) => {
      weight.write(moved![i]!);
    });
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { momentum, epsilon, center, scale } = this;
    return { ...super.getConfig(), momentum, epsilon, center, scale };
  }
}
tf.serialization.registerClass(PleatBatchNormLayer);

/**
 * Batch normalisation over the last axis as a layer: the batch's statistics when training, else the running ones.
 *
 * @param options - `momentum` (default 0.9, the kept share), `epsilon` (default 1e-5), `center` and `scale` (default true).
 * @returns The layer; weights gamma, beta, moving_mean, moving_variance, each [c].
 * @throws Error when built on an input whose last axis is unknown.
 * @see Ioffe & Szegedy 2015, arXiv 1502.03167.
 * @example
 * ```js
 * const layer = batchNorm({ epsilon: 0 });
 * layer.apply(tf.tensor2d([[1], [3]]), { training: true }).print(); // [[-1], [1]]
 * layer.movingMean.read().print(); // [0.2], a tenth of the way to 2
 * ```
 */
export function batchNorm(options: BatchNormOptions = {}): PleatBatchNormLayer {
  return new PleatBatchNormLayer(options);
}

import * as tf from '@tensorflow/tfjs';
import { MomentOptimizer, type MomentSettings } from './moments.ts';

/** Options of Adam. */
export interface AdamOptions extends MomentSettings {
  /** Added to the gradient, times the weight; default 0. */
  weightDecay?: number;
}

/** The optimiser `adam` makes. */
export class AdamOptimizer extends MomentOptimizer {
  static readonly className = 'PleatAdam';
  protected readonly decoupled = false;

  constructor({ weightDecay = 0, ...others }: AdamOptions) {
    super({ weightDecay, ...others });
  }
}
tf.serialization.registerClass(AdamOptimizer);

/**
 * Adam, as PyTorch's.
 *
 * @param options - `learningRate`; `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8), `weightDecay` (0), `filter` ('kernels').
 * @returns An optimiser for `model.compile`, `minimize` or `applyGradients`.
 * @see Kingma & Ba 2015, arXiv 1412.6980, algorithm 1.
 * @example
 * ```js
 * const x = tf.variable(tf.scalar(1));
 * adam({ learningRate: 0.1 }).minimize(() => x.square());
 * x.print(); // 0.8999999761581421
 * ```
 */
export function adam(options: AdamOptions): AdamOptimizer {
  return new AdamOptimizer(options);
}

import * as tf from '@tensorflow/tfjs';
import { MomentOptimizer, type MomentSettings } from './moments.ts';

/** Options of AdamW. */
export interface AdamWOptions extends MomentSettings {
  /** Share of a weight taken off a step, times the learning rate; default 1e-2. */
  weightDecay?: number;
}

/** The optimiser `adamw` makes. */
export class AdamWOptimizer extends MomentOptimizer {
  static readonly className = 'PleatAdamW';
  protected readonly decoupled = true;

  constructor({ weightDecay = 1e-2, ...others }: AdamWOptions) {
    super({ weightDecay, ...others });
  }
}
tf.serialization.registerClass(AdamWOptimizer);

/**
 * Adam with decoupled weight decay, as PyTorch's AdamW.
 *
 * @param options - `learningRate`; `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8), `weightDecay` (1e-2), `filter` ('kernels').
 * @returns An optimiser for `model.compile`, `minimize` or `applyGradients`.
 * @see Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2.
 * @example
 * ```js
 * const x = tf.variable(tf.scalar(1));
 * adamw({ learningRate: 0.1 }).minimize(() => x.square());
 * x.print(); // 0.8999999761581421
 * ```
 */
export function adamw(options: AdamWOptions): AdamWOptimizer {
  return new AdamWOptimizer(options);
}

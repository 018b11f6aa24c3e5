import * as tf from '@tensorflow/tfjs';
import type { DecayFilter } from './decay.ts';
import { MomentOptimizer } from './moments.ts';

/** Options of Adam. */
export interface AdamOptions {
  /** Step size. */
  learningRate: number;
  /** Kept share of the mean gradient; default 0.9. */
  beta1?: number;
  /** Kept share of the mean squared gradient; default 0.999. */
  beta2?: number;
  /** Added to the root of the mean squared gradient; default 1e-8. */
  epsilon?: number;
  /** Added to the gradient, times the weight; default 0. */
  weightDecay?: number;
  /** Which variables decay; default 'kernels' (no biases, norms, embeddings). */
  filter?: DecayFilter;
}

/** The optimiser `adam` makes. */
export class AdamOptimizer extends MomentOptimizer {
  static readonly className = 'PleatAdam';
  protected readonly decoupled = false;

  constructor({
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0,
    filter = 'kernels',
  }: AdamOptions) {
    super(learningRate, { beta1, beta2, epsilon, weightDecay, filter });
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

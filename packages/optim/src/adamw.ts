import { hasKernel, PleatAdamW, runKernel } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type DecayFilter, decayRule } from './decay.ts';
import { SlotOptimizer, type Update } from './slot-optimizer.ts';

/** Options of AdamW. */
export interface AdamWOptions {
  /** Step size. */
  learningRate: number;
  /** Kept share of the mean gradient; default 0.9. */
  beta1?: number;
  /** Kept share of the mean squared gradient; default 0.999. */
  beta2?: number;
  /** Added to the root of the mean squared gradient; default 1e-8. */
  epsilon?: number;
  /** Share of a weight taken off a step, times the learning rate; default 1e-2. */
  weightDecay?: number;
  /** Which variables decay; default 'kernels' (no biases, norms, embeddings). */
  filter?: DecayFilter;
}

/** The optimiser `adamw` makes. */
export class AdamWOptimizer extends SlotOptimizer {
  static readonly className = 'PleatAdamW';
  protected readonly slotNames = ['m', 'v'] as const;
  private readonly options: Required<Omit<AdamWOptions, 'learningRate'>>;
  private readonly decays: ReturnType<typeof decayRule>;

  constructor({
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 1e-2,
    filter = 'kernels',
  }: AdamWOptions) {
    super(learningRate);
    this.options = { beta1, beta2, epsilon, weightDecay, filter };
    this.decays = decayRule(filter);
  }

  protected override update(
    name: string,
    value: tf.Variable,
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
    step: number,
  ): Update {
    const [m, v] = slots as [tf.Tensor, tf.Tensor];
    const { learningRate } = this;
    const { beta1, beta2, epsilon } = this.options;
    const weightDecay = this.decays(name, value) ? this.options.weightDecay : 0;
    const correction1 = 1 - beta1 ** step;
    const correction2 = 1 - beta2 ** step;
    if (hasKernel(PleatAdamW)) {
      const attrs = { learningRate, beta1, beta2, epsilon, weightDecay, correction1, correction2 };
      const [next, m1, v1] = runKernel(PleatAdamW, { value, gradient, m, v }, attrs);
      return { value: next, slots: [m1, v1] };
    }
    const m1 = m.mul(beta1).add(gradient.mul(1 - beta1));
    const v1 = v.mul(beta2).add(gradient.square().mul(1 - beta2));
    // Both corrections as scalars: lr / c1 * m / (sqrt(v / c2) + eps) in four ops instead of six.
    const root = Math.sqrt(correction2);
    const move = m1.mul((learningRate * root) / correction1).div(v1.sqrt().add(epsilon * root));
    const decayed = weightDecay === 0 ? value : value.mul(1 - learningRate * weightDecay);
    return { value: decayed.sub(move), slots: [m1, v1] };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filter, ...numbers } = this.options;
    if (typeof filter === 'function') {
      throw new Error(
        "adamw: expected filter 'kernels' or 'all' to save the optimiser with a model, got a function; save with includeOptimizer: false.",
      );
    }
    return { learningRate: this.learningRate, ...numbers, filter };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
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

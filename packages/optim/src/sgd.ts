import { hasKernel, PleatSgdMomentum, runKernel } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type DecayFilter, decayRule } from './decay.ts';
import { SlotOptimizer, type Update } from './slot-optimizer.ts';

/** Options of SGD. */
export interface SgdOptions {
  /** Step size. */
  learningRate: number;
  /** Kept share of the velocity; default 0, which keeps none. */
  momentum?: number;
  /** Look ahead along the velocity; default false. */
  nesterov?: boolean;
  /** Added to the gradient, times the weight; default 0. */
  weightDecay?: number;
  /** Which variables decay; default 'kernels' (no biases, norms, embeddings). */
  filter?: DecayFilter;
}

/** The optimiser `sgd` makes. */
export class SgdOptimizer extends SlotOptimizer {
  static readonly className = 'PleatSgd';
  protected readonly slotNames: readonly string[];
  private readonly options: Required<Omit<SgdOptions, 'learningRate'>>;
  private readonly decays: ReturnType<typeof decayRule>;

  constructor({
    learningRate,
    momentum = 0,
    nesterov = false,
    weightDecay = 0,
    filter = 'kernels',
  }: SgdOptions) {
    super(learningRate);
    if (nesterov && momentum === 0) {
      throw new Error('sgd: expected momentum above 0 with nesterov, got 0; 0.9 is usual.');
    }
    this.slotNames = momentum === 0 ? [] : ['velocity'];
    this.options = { momentum, nesterov, weightDecay, filter };
    this.decays = decayRule(filter);
  }

  protected override update(
    name: string,
    value: tf.Variable,
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
  ): Update {
    const { learningRate } = this;
    const { momentum, nesterov } = this.options;
    const weightDecay = this.decays(name, value) ? this.options.weightDecay : 0;
    const [velocity] = slots;
    if (velocity && hasKernel(PleatSgdMomentum)) {
      const attrs = { learningRate, momentum, dampening: 0, nesterov, weightDecay };
      const [next, velocity1] = runKernel(PleatSgdMomentum, { value, gradient, velocity }, attrs);
      return { value: next, slots: [velocity1] };
    }
    const slope = weightDecay === 0 ? gradient : gradient.add(value.mul(weightDecay));
    if (!velocity) return { value: value.sub(slope.mul(learningRate)), slots: [] };
    const velocity1 = velocity.mul(momentum).add(slope);
    const direction = nesterov ? velocity1.mul(momentum).add(slope) : velocity1;
    return { value: value.sub(direction.mul(learningRate)), slots: [velocity1] };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filter, ...rest } = this.options;
    if (typeof filter === 'function') {
      throw new Error(
        "sgd: expected filter 'kernels' or 'all' to save the optimiser with a model, got a function; save with includeOptimizer: false.",
      );
    }
    return { learningRate: this.learningRate, ...rest, filter };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }
}
tf.serialization.registerClass(SgdOptimizer);

/**
 * Stochastic gradient descent with momentum, plain or Nesterov's, as PyTorch's SGD.
 *
 * @param options - `learningRate`; `momentum` (0), `nesterov` (false), `weightDecay` (0), `filter` ('kernels').
 * @returns An optimiser for `model.compile`, `minimize` or `applyGradients`.
 * @throws Error when nesterov is asked for without momentum.
 * @see Sutskever et al. 2013, section 2; the form is PyTorch's.
 * @example
 * ```js
 * const x = tf.variable(tf.scalar(1));
 * sgd({ learningRate: 0.25 }).minimize(() => x.square());
 * x.print(); // 0.5
 * ```
 */
export function sgd(options: SgdOptions): SgdOptimizer {
  return new SgdOptimizer(options);
}

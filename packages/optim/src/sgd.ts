import { hasKernel, PleatFusedSgd, PleatSgdMomentum, runKernel, runListKernel } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { DecayFilter } from './decay.ts';
import { SlotOptimizer, type Turn, type Update } from './slot-optimizer.ts';

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
export class SgdOptimizer extends SlotOptimizer<Required<Omit<SgdOptions, 'learningRate'>>> {
  static readonly className = 'PleatSgd';
  protected readonly slotNames: readonly string[];

  constructor({
    learningRate,
    momentum = 0,
    nesterov = false,
    weightDecay = 0,
    filter = 'kernels',
  }: SgdOptions) {
    super(learningRate, { momentum, nesterov, weightDecay, filter });
    if (nesterov && momentum === 0) {
      throw new Error('sgd: expected momentum above 0 with nesterov, got 0; 0.9 is usual.');
    }
    this.slotNames = momentum === 0 ? [] : ['velocity'];
  }

  protected override update(turn: Turn): Update {
    const { learningRate } = this;
    const { momentum, nesterov } = this.options;
    const { variable: value, gradient, slots } = turn;
    const weightDecay = this.decayOf(turn);
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

  protected override updateAll(turns: readonly Turn[]): Update[] | null {
    if (!hasKernel(PleatFusedSgd)) return null;
    const { learningRate } = this;
    const { momentum, nesterov } = this.options;
    const [values, velocities] = runListKernel(
      PleatFusedSgd,
      {
        value: turns.map(({ variable }) => variable),
        gradient: turns.map(({ gradient }) => gradient),
        velocity: turns.flatMap(({ slots }) => slots),
      },
      { learningRate, momentum, nesterov, weightDecay: turns.map((turn) => this.decayOf(turn)) },
    );
    return values.map((value, i) => ({ value, slots: velocities.slice(i, i + 1) }));
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

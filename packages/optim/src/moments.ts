import { hasKernel, PleatAdamW, PleatFusedAdam, runKernel, runListKernel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { DecayFilter } from './decay.ts';
import { SlotOptimizer, type SlotOptions, type Turn, type Update } from './slot-optimizer.ts';

/** What Adam and AdamW have in common. */
export interface MomentOptions extends SlotOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Options that Adam and AdamW share. */
export interface MomentSettings {
  /** Step size. */
  learningRate: number;
  /** Kept share of the mean gradient; default 0.9. */
  beta1?: number;
  /** Kept share of the mean squared gradient; default 0.999. */
  beta2?: number;
  /** Added to the root of the mean squared gradient; default 1e-8. */
  epsilon?: number;
  /** Which variables decay; default 'kernels' (no biases, norms, embeddings). */
  filter?: DecayFilter;
}

/** Adam with its weight decay either taken off the weight (decoupled) or added to the gradient. */
export abstract class MomentOptimizer extends SlotOptimizer<MomentOptions> {
  protected readonly slotNames = ['m', 'v'] as const;
  protected abstract readonly decoupled: boolean;

  constructor({
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay,
    filter = 'kernels',
  }: MomentSettings & { weightDecay: number }) {
    super(learningRate, { beta1, beta2, epsilon, weightDecay, filter });
  }

  protected override update(turn: Turn): Update {
    const { learningRate } = this;
    const { beta1, beta2, epsilon } = this.options;
    const { variable: value, slots, step } = turn;
    const [m, v] = slots as [tf.Tensor, tf.Tensor];
    const decay = this.decayOf(turn);
    const weightDecay = this.decoupled ? decay : 0;
    const gradient =
      this.decoupled || decay === 0 ? turn.gradient : turn.gradient.add(value.mul(decay));
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

  protected override updateAll(turns: readonly Turn[]): Update[] | null {
    if (!hasKernel(PleatFusedAdam)) return null;
    const { learningRate, decoupled } = this;
    const { beta1, beta2, epsilon } = this.options;
    const weightDecay = turns.map((turn) => this.decayOf(turn));
    const step = turns.map((turn) => turn.step);
    const [values, ms, vs] = runListKernel(
      PleatFusedAdam,
      {
        value: turns.map(({ variable }) => variable),
        gradient: turns.map(({ gradient }) => gradient),
        m: turns.map(({ slots }) => slots[0]!),
        v: turns.map(({ slots }) => slots[1]!),
      },
      { decoupled, learningRate, beta1, beta2, epsilon, weightDecay, step },
    );
    return values.map((value, i) => ({ value, slots: [ms[i]!, vs[i]!] }));
  }
}

import * as tf from '@tensorflow/tfjs';
import { SlotOptimizer, type Turn, type Update } from '../slot-optimizer.ts';
import type { Constraint } from './constraint.ts';

/** The optimiser `constrain` makes. */
export class ConstrainedOptimizer extends SlotOptimizer {
  static readonly className = 'PleatConstrained';
  protected readonly slotNames: readonly string[];
  private readonly inner: SlotOptimizer;
  private readonly constraint: Constraint;

  constructor(inner: SlotOptimizer, constraint: Constraint) {
    // Decay is the inner optimiser's own.
    super(inner.learningRate, { weightDecay: 0, filter: 'kernels' });
    this.inner = inner;
    this.constraint = constraint;
    // Brackets reach what is for optimisers alone, which this one is.
    // biome-ignore lint/complexity/useLiteralKeys: a dot may not
    this.slotNames = [...inner['slotNames'], constraint.slot];
  }

  protected override slotStart(slot: number, variable: tf.Variable): tf.Tensor {
    const own = slot === this.slotNames.length - 1;
    return own && this.constraint.applies(variable.name, variable)
      ? this.constraint.start(variable)
      : tf.zerosLike(variable);
  }

  protected override update(turn: Turn): Update {
    const { name, variable, gradient, slots, step } = turn;
    const slot = slots.at(-1)!;
    this.inner.learningRate = this.learningRate;
    const inner = (value: tf.Tensor, slope: tf.Tensor) =>
      // biome-ignore lint/complexity/useLiteralKeys: a dot may not
      this.inner['update']({
        ...turn,
        variable: value as tf.Variable,
        gradient: slope,
        slots: slots.slice(0, -1),
      });
    if (!this.constraint.applies(name, variable)) {
      const { value, slots: next } = inner(variable, gradient);
      return { value, slots: [...next, slot.clone()] };
    }
    const next = this.constraint.update({ value: variable, gradient, slot, step }, inner);
    return { value: next.value, slots: [...next.slots, next.slot] };
  }

  override getConfig(): tf.serialization.ConfigDict {
    throw new Error(
      'constrain: a constrained optimiser is not saved with a model; save with includeOptimizer: false, and its state with getState.',
    );
  }
}

/**
 * Trains under a constraint: the variables always hold weights that meet it, so that the model predicts, evaluates and is
 * stored with them; what lies behind them (a mask, real values) is a slot of the optimiser, saved and restored with its state.
 *
 * @param optimizer - An optimiser of this package; it is used up.
 * @param constraint - `pruned()`, `binary()`, `ternary()`, or one of your own.
 * @returns An optimiser for `model.compile`, `minimize` or `applyGradients`.
 * @example
 * ```js
 * const x = tf.variable(tf.tensor2d([[1, 0]]));
 * constrain(sgd({ learningRate: 0.25 }), pruned()).minimize(() => x.sub(1).square().sum());
 * x.print(); // [[1, 0]]: what was zero stays zero
 * ```
 */
export function constrain(optimizer: SlotOptimizer, constraint: Constraint): ConstrainedOptimizer {
  return new ConstrainedOptimizer(optimizer, constraint);
}

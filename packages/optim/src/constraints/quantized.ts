import * as tf from '@tensorflow/tfjs';
import { decaysByDefault } from '../decay.ts';
import type { Constraint } from './constraint.ts';

/** Axes that a filter spans: all but the last, or of a depthwise kernel all but the channels before it. */
function filterAxes(shape: readonly number[]): number[] {
  const last = shape.length - 1;
  const own = shape.length > 2 && shape[last] === 1 ? last - 1 : last;
  return shape.map((_, axis) => axis).filter((axis) => axis !== own);
}

/** How the gradient of the sign is estimated. */
interface EstimatorOptions {
  /**
   * `straight` passes gradients where |w| is at most 1 (Hubara et al. 2016); `error-decay` follows a tanh that grows from nearly
   * a line to nearly the sign over the run (Qin et al. 2020, equations 11 and 12). Default `straight`.
   */
  estimator?: 'straight' | 'error-decay';
  /** Steps of the run, which `error-decay` needs. */
  total?: number;
}

/** Options of `binary`. */
export interface BinaryOptions extends EstimatorOptions {
  /** Take signs of weights less their filter's mean, over its deviation (Qin et al. 2020, equation 6). Default false. */
  balance?: boolean;
}

/** Options of `ternary`. */
export interface TernaryOptions extends EstimatorOptions {
  /** Weights below this times the filter's mean magnitude are zero. Default 0.7. */
  threshold?: number;
}

/** The factor on the gradient at x, after this share of the run. */
function slope(x: tf.Tensor, estimator: 'straight' | 'error-decay', share: number): tf.Tensor {
  if (estimator === 'straight') return x.abs().lessEqual(1).cast('float32');
  const t = 10 ** (-1 + 2 * share);
  const k = Math.max(1 / t, 1);
  return tf.sub(1, x.mul(t).tanh().square()).mul(k * t);
}

function checkTotal(who: string, { estimator, total }: EstimatorOptions): number {
  if (estimator !== 'error-decay') return 1;
  if (total !== undefined && total > 0) return total;
  throw new RangeError(
    `${who}: estimator 'error-decay' needs total, the steps of the run; got ${total}.`,
  );
}

/** 1 where x is at least 0, else -1. */
const signOf = (x: tf.Tensor) => x.greaterEqual(0).cast('float32').mul(2).sub(1);

/** Weights made of real values: what they are, and where the gradient of the step function is taken. */
type Quantizer = (latent: tf.Tensor) => { value: tf.Tensor; at: tf.Tensor };

function quantized(
  quantizer: Quantizer,
  estimator: 'straight' | 'error-decay',
  total: number,
): Constraint {
  return {
    slot: 'latent',
    applies: decaysByDefault,
    start: (variable) => variable.clone(),
    update: ({ gradient, slot, step }, inner) => {
      const { at } = quantizer(slot);
      const next = inner(slot, gradient.mul(slope(at, estimator, Math.min(1, (step - 1) / total))));
      return { value: quantizer(next.value).value, slots: next.slots, slot: next.value };
    },
  };
}

/**
 * Weights of kernels are a sign times their filter's mean magnitude: one bit a weight.
 *
 * @param options - `balance` (false), `estimator` ('straight'), `total` steps for 'error-decay'.
 * @returns The constraint; what it remembers are the real values behind the signs.
 * @throws RangeError when 'error-decay' is asked for without total.
 * @see Courbariaux et al. 2015 (BinaryConnect); Rastegari et al. 2016 (XNOR-Net, equation 6: the scale); Qin et al. 2020 (IR-Net).
 * @example
 * ```js
 * const x = tf.variable(tf.tensor2d([[0.5], [-1.5]]));
 * constrain(sgd({ learningRate: 0.1 }), binary()).minimize(() => x.sum().mul(0));
 * x.print(); // [[1], [-1]]: the mean magnitude is 1
 * ```
 */
export function binary(options: BinaryOptions = {}): Constraint {
  const { balance = false, estimator = 'straight' } = options;
  const quantizer: Quantizer = (latent) => {
    const axes = filterAxes(latent.shape);
    const scale = latent.abs().mean(axes, true);
    if (!balance) return { value: signOf(latent).mul(scale), at: latent };
    const { mean, variance } = tf.moments(latent, axes, true);
    const at = latent.sub(mean).div(variance.sqrt().add(1e-12));
    return { value: signOf(at).mul(scale), at };
  };
  return quantized(quantizer, estimator, checkTotal('binary', options));
}

/**
 * Weights of kernels are -a, 0 or a: small ones are zero, a is the mean magnitude of the others in the filter.
 *
 * @param options - `threshold` (0.7, of the mean magnitude), `estimator` ('straight'), `total` steps for 'error-decay'.
 * @returns The constraint; what it remembers are the real values behind the weights.
 * @throws RangeError when an option is out of range.
 * @see Li & Liu 2016, "Ternary weight networks", equations 3 and 6.
 * @example
 * ```js
 * const x = tf.variable(tf.tensor2d([[3], [-1], [0.5]]));
 * constrain(sgd({ learningRate: 0.1 }), ternary()).minimize(() => x.sum().mul(0));
 * x.print(); // [[3], [0], [0]]: 0.7 times the mean magnitude is 1.05
 * ```
 */
export function ternary(options: TernaryOptions = {}): Constraint {
  const { threshold = 0.7, estimator = 'straight' } = options;
  if (!(threshold >= 0 && threshold < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ternary: expected threshold of at least 0, got ${threshold}.`);
  }
  const quantizer: Quantizer = (latent) => {
    const axes = filterAxes(latent.shape);
    const magnitude = latent.abs();
    const kept = magnitude.greater(magnitude.mean(axes, true).mul(threshold)).cast('float32');
    const scale = magnitude.mul(kept).sum(axes, true).div(kept.sum(axes, true).maximum(1));
    // Plus zero: 0 times -1 is -0, which no file keeps apart.
    return { value: signOf(latent).mul(kept).mul(scale).add(0), at: latent };
  };
  return quantized(quantizer, estimator, checkTotal('ternary', options));
}

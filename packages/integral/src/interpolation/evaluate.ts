import * as tf from '@tensorflow/tfjs';
import { requireCount } from '../arguments.ts';
import {
  gridSteps,
  type Interpolation,
  type InterpolationOptions,
  outside,
  reach,
} from './kernels.ts';
import { interpolation } from './options.ts';

/** The kernel at distances, as tensor operations, so that gradients reach the positions. */
function kernelAt(distance: tf.Tensor, { kernel, a }: Interpolation): tf.Tensor {
  const d = tf.abs(distance);
  if (kernel === 'linear') return tf.relu(tf.sub(1, d));
  // Each branch, held at its end beyond it, is zero there: their sum needs no condition, for which tfjs has no gradient.
  const near = tf.minimum(d, 1);
  const far = tf.clipByValue(d, 1, 2);
  return near
    .mul(a + 2)
    .sub(a + 3)
    .mul(near)
    .mul(near)
    .add(1)
    .add(far.sub(5).mul(far).add(8).mul(far).sub(4).mul(a));
}

/** [count + 2 r, count]: coefficients beyond the ends as combinations of those within. */
function folding(count: number, r: number, options: Interpolation): tf.Tensor2D {
  const fold = new Float32Array((count + 2 * r) * count);
  for (let row = 0; row < count + 2 * r; row++) {
    const index = row - r;
    const inside = index >= 0 && index < count;
    for (const [column, factor] of inside
      ? [[index, 1] as const]
      : outside(index, count, options)) {
      fold[row * count + column] = factor;
    }
  }
  return tf.tensor2d(fold, [count + 2 * r, count]);
}

/**
 * The basis matrix as a tensor that is differentiable in the positions.
 * @param positions [n], in [0, 1]; not checked.
 * @param count Coefficients, m.
 * @param options Kernel, boundary and alignment.
 * @returns [n, m]; each row adds up to 1.
 * @throws RangeError When an option is none of those there are.
 * @example
 * basisTensor(tf.tensor1d([0.25]), 3).print(); // [[0.375, 0.75, -0.125]]
 */
export function basisTensor(
  positions: tf.Tensor1D,
  count: number,
  options: InterpolationOptions = {},
): tf.Tensor2D {
  requireCount('basisTensor', 'the number of coefficients', count);
  const chosen = interpolation('basisTensor', options);
  const { scale, shift } = gridSteps(count, chosen.alignment);
  // With `cells`, positions reach half a step beyond the outer coefficients.
  const r = reach(chosen.kernel);
  return tf.tidy(() => {
    const u = positions.mul(scale).add(shift).expandDims(1);
    const nodes = tf.range(-r, count + r).expandDims(0);
    const kernel = kernelAt(tf.sub(u, nodes), chosen) as tf.Tensor2D;
    return tf.matMul(kernel, folding(count, r, chosen)) as tf.Tensor2D;
  });
}

/**
 * An interpolated function at scattered points, differentiable in coefficients and points.
 * @param coefficients [m] for one dim, [m1, m2] for two; more axes after those are values at each node.
 * @param points [p, 1] or [p, 2], in [0, 1].
 * @param options Kernel, boundary and alignment, the same in both dims.
 * @returns [p, ...] one value (or the further axes) a point.
 * @throws RangeError When the points have another number of dims, or more than the coefficients.
 * @example
 * evaluate(tf.tensor1d([0, 1, 4]), tf.tensor2d([[0.25]])).print(); // [0.25]: x^2 at a half
 */
export function evaluate(
  coefficients: tf.Tensor,
  points: tf.Tensor2D,
  options: InterpolationOptions = {},
): tf.Tensor {
  const dims = points.shape[1];
  if ((dims !== 1 && dims !== 2) || dims > coefficients.rank) {
    throw new RangeError(
      `evaluate: expected points [p, 1] or [p, 2] over coefficients of at least as many axes, got [${points.shape}] over [${coefficients.shape}].`,
    );
  }
  return tf.tidy(() => {
    const [m1 = 1, ...rest] = coefficients.shape;
    const flat = coefficients.reshape([m1, -1]);
    const column = (dim: number) => points.gather([dim], 1).squeeze<tf.Tensor1D>([1]);
    const first = basisTensor(column(0), m1, options);
    const rows = tf.matMul(first, flat as tf.Tensor2D);
    const count = points.shape[0];
    if (dims === 1) return rows.reshape([count, ...rest]);
    const [m2 = 1, ...values] = rest;
    const second = basisTensor(column(1), m2, options);
    return rows
      .reshape([count, m2, -1])
      .mul(second.expandDims(2))
      .sum(1)
      .reshape([count, ...values]);
  });
}

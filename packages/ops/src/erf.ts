import * as tf from '@tensorflow/tfjs';

const { ERF_P, ERF_A1, ERF_A2, ERF_A3, ERF_A4, ERF_A5 } = tf.backend_util;

/**
 * The error function, also on a backend that has no kernel for it.
 *
 * tfjs' own kernels and this composition share one formula, off by at most 1.5e-7.
 *
 * @see Abramowitz & Stegun 1964, formula 7.1.26.
 */
export function erf(x: tf.Tensor): tf.Tensor {
  if (tf.getKernel(tf.Erf, tf.getBackend()) !== undefined) return tf.erf(x);
  const size = x.abs();
  const t = size.mul(ERF_P).add(1).reciprocal();
  const polynomial = [ERF_A3, ERF_A2, ERF_A1].reduce<tf.Tensor>(
    (sum, coefficient) => sum.mul(t).add(coefficient),
    t.mul(ERF_A5).add(ERF_A4),
  );
  const rest = polynomial.mul(t).mul(size.square().neg().exp());
  return x.sign().mul(tf.sub(1, rest));
}

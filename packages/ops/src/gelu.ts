import * as tf from '@tensorflow/tfjs';
import { erf } from './erf.ts';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatGelu, PleatGeluGrad, runKernel } from './kernels.ts';

const SQRT_HALF = Math.SQRT1_2;
const INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;

/** Standard normal distribution function by erf. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return erf(x.mul(SQRT_HALF)).add(1).mul(0.5);
}

/** The tanh of the approximate form. */
function innerTanh(x: tf.Tensor): tf.Tensor {
  return tf.tanh(
    x.mul(
      x
        .square()
        .mul(TANH_SCALE * TANH_CUBIC)
        .add(TANH_SCALE),
    ),
  );
}

function composed(x: tf.Tensor, approximate: boolean): tf.Tensor {
  return approximate ? x.mul(innerTanh(x).add(1).mul(0.5)) : x.mul(normalCdf(x));
}

function composedGradient(dy: tf.Tensor, x: tf.Tensor, approximate: boolean): tf.Tensor {
  if (!approximate) {
    const density = tf.exp(x.square().mul(-0.5)).mul(INV_SQRT_2PI);
    return dy.mul(normalCdf(x).add(x.mul(density)));
  }
  const t = innerTanh(x);
  const slope = x
    .square()
    .mul(3 * TANH_SCALE * TANH_CUBIC)
    .add(TANH_SCALE);
  const curved = x.mul(tf.sub(1, t.square())).mul(slope);
  return dy.mul(t.add(curved).add(1).mul(0.5));
}

/**
 * The Gaussian error linear unit, x * Phi(x), with its own gradient.
 *
 * @param x - Tensor of any shape, float32.
 * @param options - `approximate` (default false) takes the tanh form.
 * @returns Tensor of the shape of x.
 * @see Hendrycks & Gimpel 2016, arXiv 1606.08415, section 2.
 * @example
 * ```js
 * gelu(tf.tensor1d([-1, 0, 1])).print(); // [-0.1586553, 0, 0.8413447]
 * ```
 */
export function gelu<T extends tf.Tensor>(x: T, options: { approximate?: boolean } = {}): T {
  const { approximate = false } = options;
  const [y] = withGradient(
    [x],
    () => ({
      y: hasKernel(PleatGelu)
        ? runKernel(PleatGelu, { x }, { approximate })[0]
        : composed(x, approximate),
      saved: [x],
    }),
    (dy, [x]) => [
      hasKernel(PleatGeluGrad)
        ? runKernel(PleatGeluGrad, { dy, x: x! }, { approximate })[0]
        : composedGradient(dy, x!, approximate),
    ],
  );
  return y as T;
}

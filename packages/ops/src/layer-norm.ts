import type * as tf from '@tensorflow/tfjs';
import { checkChannels } from './check.ts';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatLayerNorm, PleatLayerNormGrad, runKernel } from './kernels.ts';

function composed(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor[] {
  const rows = x.reshape([-1, x.shape[x.rank - 1]!]);
  const mean = rows.mean(1, true);
  const centered = rows.sub(mean);
  const invStd = centered.square().mean(1, true).add(epsilon).rsqrt();
  const y = centered.mul(invStd).mul(gamma).add(beta);
  return [y.reshape(x.shape), mean.flatten(), invStd.flatten()];
}

function composedGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma: tf.Tensor,
  mean: tf.Tensor,
  invStd: tf.Tensor,
): tf.Tensor[] {
  const channels = x.shape[x.rank - 1]!;
  const dyRows = dy.reshape([-1, channels]);
  const invStdColumn = invStd.expandDims(1);
  const normal = x.reshape([-1, channels]).sub(mean.expandDims(1)).mul(invStdColumn);
  const dbeta = dyRows.sum(0);
  const dgamma = dyRows.mul(normal).sum(0);
  const dnormal = dyRows.mul(gamma);
  const dx = dnormal
    .sub(dnormal.mean(1, true))
    .sub(normal.mul(dnormal.mul(normal).mean(1, true)))
    .mul(invStdColumn);
  return [dx.reshape(x.shape), dgamma, dbeta];
}

/**
 * Layer normalisation over the last axis, with its own gradient.
 *
 * @param x - [..., c], float32, rank 2 or more.
 * @param gamma - Scale, [c].
 * @param beta - Shift, [c].
 * @param options - `epsilon` (default 1e-5) is added to the variance.
 * @returns Tensor of the shape of x.
 * @throws Error when gamma or beta is not [c].
 * @see Ba, Kiros & Hinton 2016, arXiv 1607.06450, equation 3.
 * @example
 * ```js
 * layerNorm(tf.tensor2d([[1, 3]]), tf.ones([2]), tf.zeros([2]), { epsilon: 0 }).print(); // [[-1, 1]]
 * ```
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  options: { epsilon?: number } = {},
): T {
  const { epsilon = 1e-5 } = options;
  checkChannels('layerNorm', x, { gamma, beta });
  const [y] = withGradient(
    [x, gamma, beta],
    () => {
      const [y, mean, invStd] = hasKernel(PleatLayerNorm)
        ? runKernel(PleatLayerNorm, { x, gamma, beta }, { epsilon })
        : composed(x, gamma, beta, epsilon);
      return { y: y!, saved: [x, gamma, mean!, invStd!] };
    },
    (dy, saved) => {
      const [x, gamma, mean, invStd] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return hasKernel(PleatLayerNormGrad)
        ? runKernel(PleatLayerNormGrad, { dy, x, gamma, mean, invStd }, {})
        : composedGradient(dy, x, gamma, mean, invStd);
    },
  );
  return y as T;
}

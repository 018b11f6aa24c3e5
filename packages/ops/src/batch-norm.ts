import * as tf from '@tensorflow/tfjs';
import { checkChannels } from './check.ts';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatBatchNormTrain, PleatBatchNormTrainGrad, runKernel } from './kernels.ts';

function composed(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor[] {
  const rows = x.reshape([-1, x.shape[x.rank - 1]!]);
  const mean = rows.mean(0);
  const centered = rows.sub(mean);
  // Two passes: E[x^2] - E[x]^2 cancels when the mean is large beside the spread.
  const variance = centered.square().mean(0);
  const y = centered.mul(variance.add(epsilon).rsqrt().mul(gamma)).add(beta);
  return [y.reshape(x.shape), mean, variance];
}

/** What both gradients begin with: dy and x - mean as [rows, channels], 1 / sqrt(variance + epsilon), the gradient of beta. */
function partsOf(
  dy: tf.Tensor,
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  epsilon: number,
) {
  const channels = x.shape[x.rank - 1]!;
  const dyRows = dy.reshape([-1, channels]);
  const invStd = variance.add(epsilon).rsqrt();
  const centered = x.reshape([-1, channels]).sub(mean);
  return { dyRows, invStd, centered, dbeta: dyRows.sum(0) };
}

function composedGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  epsilon: number,
): tf.Tensor[] {
  const { dyRows, invStd, centered, dbeta } = partsOf(dy, x, mean, variance, epsilon);
  const normal = centered.mul(invStd);
  const dgamma = dyRows.mul(normal).sum(0);
  const share = 1 / dyRows.shape[0]!;
  const dx = dyRows
    .sub(dbeta.mul(share))
    .sub(normal.mul(dgamma.mul(share)))
    .mul(invStd.mul(gamma));
  return [dx.reshape(x.shape), dgamma, dbeta];
}

/**
 * Batch normalisation with the statistics of the batch, over all axes but the last.
 *
 * Gradients flow to x, gamma and beta through y; none flows through the returned statistics.
 *
 * @param x - [..., c], float32, rank 2 or more.
 * @param gamma - Scale, [c].
 * @param beta - Shift, [c].
 * @param options - `epsilon` (default 1e-5) is added to the variance.
 * @returns [y of the shape of x, mean [c], biased variance [c]].
 * @throws Error when gamma or beta is not [c].
 * @see Ioffe & Szegedy 2015, arXiv 1502.03167, algorithm 1.
 * @example
 * ```js
 * const [y] = batchNormTrain(tf.tensor2d([[1], [3]]), tf.ones([1]), tf.zeros([1]), { epsilon: 0 });
 * y.print(); // [[-1], [1]]
 * ```
 */
export function batchNormTrain<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  options: { epsilon?: number } = {},
): [T, tf.Tensor1D, tf.Tensor1D] {
  const { epsilon = 1e-5 } = options;
  checkChannels('batchNormTrain', x, { gamma, beta });
  const outputs = withGradient(
    [x, gamma, beta],
    () => {
      const [y, mean, variance] = hasKernel(PleatBatchNormTrain)
        ? runKernel(PleatBatchNormTrain, { x, gamma, beta }, { epsilon })
        : composed(x, gamma, beta, epsilon);
      return { y: y!, side: [mean!, variance!], saved: [x, gamma, mean!, variance!] };
    },
    (dy, saved) => {
      const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return hasKernel(PleatBatchNormTrainGrad)
        ? runKernel(PleatBatchNormTrainGrad, { dy, x, gamma, mean, variance }, { epsilon })
        : composedGradient(dy, x, gamma, mean, variance, epsilon);
    },
  );
  return outputs as unknown as [T, tf.Tensor1D, tf.Tensor1D];
}

/**
 * With r = 1 / sqrt(variance + epsilon) and s = sum dy (x - mean): dx = dy gamma r, dgamma = s r, dbeta = sum dy,
 * dmean = -gamma r dbeta, dvariance = -gamma r^3 s / 2. tfjs' own gradient tiles the variance over all of x first.
 */
function inferGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  epsilon: number,
): tf.Tensor[] {
  const { dyRows, invStd, centered, dbeta } = partsOf(dy, x, mean, variance, epsilon);
  const factor = gamma.mul(invStd);
  const dgamma = centered.mul(dyRows).sum(0).mul(invStd);
  return [
    dyRows.mul(factor).reshape(x.shape),
    dgamma,
    dbeta,
    factor.mul(dbeta).neg(),
    dgamma.mul(factor).mul(invStd).mul(-0.5),
  ];
}

/**
 * Batch normalisation with given statistics.
 *
 * @param x - [..., c], float32, rank 2 or more.
 * @param gamma - Scale, [c].
 * @param beta - Shift, [c].
 * @param mean - [c].
 * @param variance - [c].
 * @param options - `epsilon` (default 1e-5) is added to the variance.
 * @returns Tensor of the shape of x; differentiable in all five.
 * @throws Error when a parameter is not [c].
 * @example
 * ```js
 * const one = tf.ones([1]);
 * batchNormInfer(tf.tensor2d([[5]]), one, one, one, one, { epsilon: 0 }).print(); // [[5]]
 * ```
 */
export function batchNormInfer<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  options: { epsilon?: number } = {},
): T {
  const { epsilon = 1e-5 } = options;
  const channels = checkChannels('batchNormInfer', x, { gamma, beta, mean, variance });
  const [y] = withGradient(
    [x, gamma, beta, mean, variance],
    () => {
      const rows = x.reshape<tf.Tensor2D>([-1, channels]);
      const vectors = [mean, variance, beta, gamma] as tf.Tensor1D[];
      const [m, v, b, g] = vectors as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      const y = tf.batchNorm2d(rows, m, v, b, g, epsilon).reshape(x.shape);
      return { y, saved: [x, gamma, mean, variance] };
    },
    (dy, saved) => {
      const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return inferGradient(dy, x, gamma, mean, variance, epsilon);
    },
  );
  return y as unknown as T;
}

import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatSoftmaxCrossEntropy, runKernel } from './kernels.ts';

function composed(labels: tf.Tensor, logits: tf.Tensor2D, labelSmoothing: number): tf.Tensor[] {
  const classes = logits.shape[1];
  const given = labels.rank === 1 ? tf.oneHot(labels as tf.Tensor1D, classes) : labels;
  const target = given
    .toFloat()
    .mul(1 - labelSmoothing)
    .add(labelSmoothing / classes);
  const shifted = logits.sub(logits.max(1, true));
  const logProbability = shifted.sub(shifted.exp().sum(1, true).log());
  const loss = target.mul(logProbability).sum(1).neg();
  const gradient = logProbability.exp().mul(target.sum(1, true)).sub(target);
  return [loss, gradient];
}

/** Class indices as int32 [n]; rows of probabilities as they are. */
function readLabels(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const [n, classes] = logits.shape as [number, number];
  const column = labels.rank === 2 && labels.shape[1] === 1 && classes !== 1;
  if ((labels.rank === 1 || column) && labels.shape[0] === n) return labels.flatten().toInt();
  if (labels.rank === 2 && tf.util.arraysEqual(labels.shape, logits.shape)) return labels;
  throw new Error(
    `softmaxCrossEntropy: expected labels of shape [${n}] (class indices) or [${n}, ${classes}] (one-hot), got [${labels.shape}]; make one label a row of logits.`,
  );
}

/**
 * Cross entropy of softmax(logits) with the labels, the mean over the batch, with its own gradient.
 *
 * @param labels - Class indices in 0..c-1, [n] or [n, 1], or rows of probabilities, [n, c].
 * @param logits - [n, c], float32; any finite size is safe (the row's maximum is taken off first).
 * @param options - `labelSmoothing` (default 0), share s in [0, 1]: the target is (1 - s) label + s / c.
 * @returns Scalar; differentiable in logits only.
 * @throws Error when the shapes do not fit or labelSmoothing is outside [0, 1].
 * @see Szegedy et al. 2016, arXiv 1512.00567, section 7.
 * @example
 * ```js
 * softmaxCrossEntropy(tf.tensor1d([0], 'int32'), tf.tensor2d([[0, 0]])).print(); // 0.6931471824645996
 * ```
 */
export function softmaxCrossEntropy(
  labels: tf.Tensor,
  logits: tf.Tensor,
  options: { labelSmoothing?: number } = {},
): tf.Scalar {
  const { labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new Error(
      `softmaxCrossEntropy: expected labelSmoothing in [0, 1], got ${labelSmoothing}; 0.1 is usual.`,
    );
  }
  if (logits.rank !== 2) {
    throw new Error(
      `softmaxCrossEntropy: expected logits of shape [n, classes], got [${logits.shape}]; flatten the leading axes.`,
    );
  }
  return tf.tidy(() => {
    const read = readLabels(labels, logits);
    const [mean] = withGradient(
      [logits],
      () => {
        const [loss, gradient] =
          read.rank === 1 && hasKernel(PleatSoftmaxCrossEntropy)
            ? runKernel(PleatSoftmaxCrossEntropy, { logits, labels: read }, { labelSmoothing })
            : composed(read, logits as tf.Tensor2D, labelSmoothing);
        return { y: loss!.mean(), saved: [gradient!] };
      },
      (dy, [gradient]) => [gradient!.mul(dy.div(logits.shape[0]!))],
    );
    return mean as tf.Scalar;
  });
}

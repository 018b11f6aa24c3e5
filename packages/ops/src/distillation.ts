import * as tf from '@tensorflow/tfjs';
import { softmaxCrossEntropy } from './cross-entropy.ts';

/**
 * How far a student's predictions are from its teacher's: T^2 KL(softmax(teacher / T) || softmax(student / T)), the mean over
 * the batch. The factor keeps its gradient as large as that of the cross entropy, whatever T.
 *
 * @param teacher - Logits of the teacher, [n, c]; no gradient flows to them.
 * @param student - Logits of the student, [n, c].
 * @param options - `temperature` (default 4), a number above 0: high ones show how the teacher ranks the wrong classes.
 * @returns Scalar of 0 or more (but for rounding), 0 when the two are equal; differentiable in student only.
 * @throws Error when the shapes differ or the temperature is no positive number.
 * @see Hinton, Vinyals & Dean 2015, arXiv 1503.02531, section 2.
 * @example
 * ```js
 * const logits = tf.tensor2d([[1, 2, 3]]);
 * distillationLoss(logits, logits).dataSync()[0].toFixed(4); // 0.0000
 * ```
 */
export function distillationLoss(
  teacher: tf.Tensor,
  student: tf.Tensor,
  options: { temperature?: number } = {},
): tf.Scalar {
  const { temperature = 4 } = options;
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new Error(
      `distillationLoss: expected a temperature above 0, got ${temperature}; 2 to 8 are usual.`,
    );
  }
  if (teacher.rank !== 2 || !tf.util.arraysEqual(teacher.shape, student.shape)) {
    throw new Error(
      `distillationLoss: expected logits of one shape [n, classes], got [${teacher.shape}] and [${student.shape}]; ` +
        'let both models see the same batch and classes.',
    );
  }
  return tf.tidy(() => {
    const soft = tf.div(teacher, temperature);
    const targets = tf.softmax(soft);
    // The entropy of the targets, by the same function, so that equal logits give a difference of zero.
    const entropy = softmaxCrossEntropy(targets, soft);
    const loss = softmaxCrossEntropy(targets, tf.div(student, temperature));
    return tf.mul(tf.sub(loss, entropy), temperature * temperature) as tf.Scalar;
  });
}

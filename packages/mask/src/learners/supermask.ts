import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { Learner } from './learner.ts';

/** Options of the supermask learner. */
export interface SupermaskOptions {
  /** Divide the kept weights by the kept share, so that a layer's scale does not depend on it. */
  rescale: boolean;
}

/**
 * m ~ Bernoulli(sigmoid(score)) in training, round(sigmoid(score)) otherwise (Zhou et al., NeurIPS 2019, section 5).
 *
 * The gradient passes straight through the draw to sigmoid(score).
 */
export const supermask: Learner<SupermaskOptions> = {
  name: 'supermask',
  alphabet: 'binary',
  options(given) {
    onlyOptions("Learner 'supermask'", given, ['rescale']);
    const rescale = given.rescale ?? true;
    if (typeof rescale !== 'boolean') {
      throw new RangeError(
        `Learner 'supermask': rescale must be true or false, got ${String(rescale)}.`,
      );
    }
    return { rescale };
  },
  mask(scores, { rescale }, context) {
    const probability = tf.sigmoid(scores);
    const bound = context.training ? context.uniform() : tf.fill(scores.shape, 0.5);
    const mask = tf.cast(tf.greater(probability, bound), 'float32');
    if (!rescale) return mask;
    // A layer that keeps nothing stays zero: 0 / max(0, 1) instead of 0 / 0.
    return tf.mul(mask, tf.div(scores.size, tf.maximum(tf.sum(mask), 1)));
  },
  gradient(upstream, scores) {
    const probability = tf.sigmoid(scores);
    return tf.mul(upstream, tf.mul(probability, tf.sub(1, probability)));
  },
};

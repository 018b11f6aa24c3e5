import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type Scheduled, scheduled, valueAt } from '../schedule.ts';
import type { Learner } from './learner.ts';

/** Options of the supermask learner. */
export interface SupermaskOptions {
  /** Divide the kept weights by the kept share, so that a layer's scale does not depend on it. */
  rescale: boolean;
  /**
   * Scores are divided by it before the sigmoid: low means decided. A number above 0, or moved by equal factors; default 0.1, where
   * scores that start within 1 / sqrt(fan-in) are more than noise (the paper has 1).
   */
  temperature: Scheduled;
}

/**
 * m ~ Bernoulli(sigmoid(score / temperature)) in training, round(sigmoid(score)) otherwise (Zhou et al., NeurIPS 2019, section 5).
 *
 * The gradient passes straight through the draw to sigmoid(score).
 */
export const supermask: Learner<SupermaskOptions> = {
  name: 'supermask',
  alphabet: 'binary',
  options(given) {
    onlyOptions("Learner 'supermask'", given, ['rescale', 'temperature']);
    const rescale = given.rescale ?? true;
    if (typeof rescale !== 'boolean') {
      throw new RangeError(
        `Learner 'supermask': rescale must be true or false, got ${String(rescale)}.`,
      );
    }
    const who = "Learner 'supermask': temperature";
    const above = (x: number) => x > 0 && x < Infinity;
    const temperature = scheduled(who, given.temperature ?? 0.1, above, 'a number above 0');
    return { rescale, temperature };
  },
  mask(scores, { rescale, temperature }, context) {
    const probability = tf.sigmoid(tf.div(scores, valueAt(temperature, context.progress, true)));
    const bound = context.training ? context.uniform() : tf.fill(scores.shape, 0.5);
    const mask = tf.cast(tf.greater(probability, bound), 'float32');
    if (!rescale) return mask;
    // A layer that keeps nothing stays zero: 0 / max(0, 1) instead of 0 / 0.
    return tf.mul(mask, tf.div(scores.size, tf.maximum(tf.sum(mask), 1)));
  },
  gradient(upstream, scores, _mask, { temperature }, { progress }) {
    const divisor = valueAt(temperature, progress, true);
    const probability = tf.sigmoid(tf.div(scores, divisor));
    return tf.mul(upstream, tf.div(tf.mul(probability, tf.sub(1, probability)), divisor));
  },
};

import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { share } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the learned-keep learner. */
export interface LearnedKeepOptions {
  /** Share of every layer that is kept when training starts, in (0, 1]; what is kept in the end is learned. */
  keep: number;
}

/**
 * Keeps weights whose |score| is above a threshold that each layer learns, so that the density of every layer is a result
 * (Liu et al., "Dynamic sparse training", ICLR 2020, on scores instead of weights).
 *
 * Without a price on what is kept (`maskBits`) a layer drifts to whatever share serves its loss.
 */
export const learnedKeep: Learner<LearnedKeepOptions> = {
  name: 'learned-keep',
  alphabet: 'binary',
  byMagnitude: true,
  options(given) {
    onlyOptions("Learner 'learned-keep'", given, ['keep']);
    return { keep: share('learned-keep', 'keep', given.keep, 0.5) };
  },
  mask(scores, _options, { threshold }) {
    return tf.cast(tf.greater(tf.abs(scores), threshold as tf.Tensor), 'float32');
  },
  // Straight through the step at |s| - threshold.
  gradient(upstream, scores) {
    return tf.mul(upstream, tf.sign(scores));
  },
  threshold: {
    // |s| starts uniform in 0 .. limit.
    start: ({ keep }, limit) => limit * (1 - keep),
    gradient: (upstream) => tf.neg(tf.sum(upstream)),
  },
};

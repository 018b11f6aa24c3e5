import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { share } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the threshold learner. */
export interface ThresholdOptions {
  /** A weight is kept when its score is above this. */
  threshold: number;
  /** Share kept when training starts, in (0, 1]: the threshold is moved to where it keeps that share of the first scores. */
  keep: number;
}

/** Keeps every weight whose score is above a threshold: the kept share is learned (Mallya et al., ECCV 2018, eq. 2). */
export const threshold: Learner<ThresholdOptions> = {
  name: 'threshold',
  alphabet: 'binary',
  options(given) {
    onlyOptions("Learner 'threshold'", given, ['threshold', 'keep']);
    const value = given.threshold ?? 0;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new RangeError(
        `Learner 'threshold': threshold must be a finite number, got ${String(value)}.`,
      );
    }
    return { threshold: value, keep: share('threshold', 'keep', given.keep, 0.5) };
  },
  mask(scores, { threshold, keep }, { limit }) {
    // Scores start uniform in +-limit.
    const cut = threshold + limit * (1 - 2 * keep);
    return tf.cast(tf.greater(scores, cut), 'float32');
  },
  gradient(upstream) {
    return tf.clone(upstream);
  },
};

import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { Learner } from './learner.ts';

/** Options of the threshold learner. */
export interface ThresholdOptions {
  /** A weight is kept when its score is above this. */
  threshold: number;
}

/** Keeps every weight whose score is above a threshold: the kept share is learned (Mallya et al., ECCV 2018, eq. 2). */
export const threshold: Learner<ThresholdOptions> = {
  name: 'threshold',
  alphabet: 'binary',
  options(given) {
    onlyOptions("Learner 'threshold'", given, ['threshold']);
    const value = given.threshold ?? 0;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new RangeError(
        `Learner 'threshold': threshold must be a finite number, got ${String(value)}.`,
      );
    }
    return { threshold: value };
  },
  mask(scores, options) {
    return tf.cast(tf.greater(scores, options.threshold), 'float32');
  },
  gradient(upstream) {
    return tf.clone(upstream);
  },
};

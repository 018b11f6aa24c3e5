import * as tf from '@tensorflow/tfjs';
import { onlyOptions, positive } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the signed learner. */
export interface SignedOptions {
  /** |score| beyond which a score gets no gradient that would push it further out. */
  clip: number;
}

/** The bit chooses the sign: weight = |w| * sign(score), and every weight stays (keep = 1). */
export const signed: Learner<SignedOptions> = {
  name: 'signed',
  alphabet: 'sign',
  options(given) {
    onlyOptions('signed', given, ['clip']);
    return { clip: positive('signed', 'clip', given.clip, 1) };
  },
  mask(scores) {
    // tf.sign(0) is 0, which is no sign: 0 counts as positive.
    return tf.sub(tf.mul(tf.cast(tf.greaterEqual(scores, 0), 'float32'), 2), 1);
  },
  gradient(upstream, scores, _mask, { clip }) {
    return tf.mul(upstream, tf.cast(tf.lessEqual(tf.abs(scores), clip), 'float32'));
  },
};

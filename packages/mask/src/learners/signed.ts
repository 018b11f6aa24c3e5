import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { positive } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the signed learner. */
export interface SignedOptions {
  /** |score| beyond which a score gets no gradient, as in binarized networks; null (the default) for no such bound. */
  clip: number | null;
}

/**
 * The bit chooses the sign: weight = |w| * sign(score), and every weight stays.
 *
 * The sign of the fixed value says nothing then: of a `signed-constant` prototype only its one magnitude is left, whatever its
 * strategy and ratio, and the layer is a binary one with a scale. Other distributions keep their magnitudes.
 *
 * The gradient passes straight through the sign (Courbariaux et al., "BinaryConnect", NeurIPS 2015, whose magnitude is 1).
 */
export const signed: Learner<SignedOptions> = {
  name: 'signed',
  alphabet: 'sign',
  options(given) {
    onlyOptions("Learner 'signed'", given, ['clip']);
    const clip = given.clip ?? null;
    return { clip: clip === null ? null : positive('signed', 'clip', clip) };
  },
  mask(scores) {
    // tf.sign(0) is 0, which is no sign: 0 counts as positive.
    return tf.sub(tf.mul(tf.cast(tf.greaterEqual(scores, 0), 'float32'), 2), 1);
  },
  // Measured on Fashion-MNIST over four epochs, the bound only cost accuracy; so there is none unless asked for.
  gradient(upstream, scores, _mask, { clip }) {
    if (clip === null) return tf.clone(upstream);
    return tf.mul(upstream, tf.cast(tf.lessEqual(tf.abs(scores), clip), 'float32'));
  },
};

import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { oneOf, share } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the learned-keep learner. */
export interface LearnedKeepOptions {
  /** Share of every layer that is kept when training starts, in (0, 1]; what is kept in the end is learned. */
  keep: number;
  /**
   * One threshold for each layer, or one for all masked layers of the model; that one counts in the width in which the scores of
   * a layer started, so that layers of any fan-in begin with the share `keep`.
   */
  scope: 'layer' | 'global';
}

/**
 * Keeps weights whose |score| is above a threshold that each layer learns, so that the density of every layer is a result;
 * with `scope: 'global'` above one that the network learns
 * (Liu et al., "Dynamic sparse training", ICLR 2020, on scores instead of weights).
 *
 * Without a price on what is kept (`maskBits`) a layer drifts to whatever share serves its loss.
 */
export const learnedKeep: Learner<LearnedKeepOptions> = {
  name: 'learned-keep',
  alphabet: 'binary',
  byMagnitude: true,
  options(given) {
    onlyOptions("Learner 'learned-keep'", given, ['keep', 'scope']);
    return {
      keep: share('learned-keep', 'keep', given.keep, 0.5),
      scope: oneOf('learned-keep', 'scope', given.scope, ['layer', 'global'], 'layer'),
    };
  },
  mask(scores, { scope }, { threshold, limit }) {
    const unit = scope === 'global' ? limit : 1;
    return tf.cast(tf.greater(tf.abs(scores), tf.mul(threshold as tf.Tensor, unit)), 'float32');
  },
  // Straight through the step at |s| - threshold.
  gradient(upstream, scores) {
    return tf.mul(upstream, tf.sign(scores));
  },
  threshold: {
    // |s| starts uniform in 0 .. limit.
    start: ({ keep }, limit) => limit * (1 - keep),
    gradient: (upstream, _scores, { scope }, { limit }) =>
      tf.mul(tf.sum(upstream), scope === 'global' ? -limit : -1),
    shared: ({ scope }) => scope === 'global',
  },
};

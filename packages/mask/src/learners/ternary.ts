import { onlyOptions, topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { oneOf, share } from './check.ts';
import type { Learner, LearnerContext } from './learner.ts';

/** Options of the ternary learner. */
export interface TernaryOptions {
  /** Share of weights that are not zero, in (0, 1]; with a threshold only where training starts. */
  keep: number;
  /**
   * `keep`: that share of the largest |score|, always; `fixed`: those above a threshold that stays; `learned`: those above one
   * that each layer learns.
   */
  select: 'keep' | 'fixed' | 'learned';
  /** With `select: 'keep'`, where the share is taken: in every layer by itself, or over all masked layers together. */
  scope: 'layer' | 'global';
}

/** 1 where |score| is large enough. */
function keptBy(
  scores: tf.Tensor,
  { keep, select, scope }: TernaryOptions,
  { threshold, limit, globalTopK }: LearnerContext,
): tf.Tensor {
  if (select === 'keep') {
    const count = Math.max(1, Math.round(keep * scores.size));
    return scope === 'global' ? globalTopK(keep) : topKMask(scores, count);
  }
  const cut = select === 'learned' ? (threshold as tf.Tensor) : limit * (1 - keep);
  return tf.cast(tf.greater(tf.abs(scores), cut), 'float32');
}

/**
 * weight = |w| * sign(score) where |score| is large, else 0: an alphabet of three (Li & Liu, "Ternary weight networks", 2016,
 * whose magnitude is one learned number a layer).
 *
 * The gradient passes straight through.
 */
export const ternary: Learner<TernaryOptions> = {
  name: 'ternary',
  alphabet: 'ternary',
  byMagnitude: true,
  options(given) {
    onlyOptions("Learner 'ternary'", given, ['keep', 'select', 'scope']);
    const select = oneOf('ternary', 'select', given.select, ['keep', 'fixed', 'learned'], 'keep');
    const scope = oneOf('ternary', 'scope', given.scope, ['layer', 'global'], 'layer');
    if (scope === 'global' && select !== 'keep') {
      throw new RangeError(
        `Learner 'ternary': scope 'global' goes with select 'keep', got select '${select}'; leave scope out.`,
      );
    }
    return { keep: share('ternary', 'keep', given.keep, 0.5), select, scope };
  },
  mask(scores, options, context) {
    const kept = keptBy(scores, options, context);
    // -1 * 0 is -0, which a file does not keep: adding 0 makes it 0.
    return tf.add(tf.mul(tf.sign(scores), kept), 0);
  },
  gradient(upstream) {
    return tf.clone(upstream);
  },
  threshold: {
    start: ({ keep, select }, limit) => (select === 'learned' ? limit * (1 - keep) : null),
    // |weight| falls as the threshold rises, on the side its score is on.
    gradient: (upstream, scores) => tf.neg(tf.sum(tf.mul(upstream, tf.sign(scores)))),
  },
};

import { keepTopK, onlyOptions, topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { oneOf, share } from './check.ts';
import type { Learner } from './learner.ts';

/** Options of the edge-popup learner. */
export interface EdgePopupOptions {
  /** Share of weights kept, in (0, 1]. */
  keep: number;
  /** Where the top share is taken: in every layer by itself, or over all masked layers of the model together. */
  scope: 'layer' | 'global';
}

const countOf = (keep: number, scores: tf.Tensor) => Math.max(1, Math.round(keep * scores.size));

/** Keeps the weights of largest |score|: round(keep * n), at least one (Ramanujan et al., CVPR 2020). */
export const edgePopup: Learner<EdgePopupOptions> = {
  name: 'edge-popup',
  alphabet: 'binary',
  byMagnitude: true,
  options(given) {
    onlyOptions("Learner 'edge-popup'", given, ['keep', 'scope']);
    return {
      keep: share('edge-popup', 'keep', given.keep, 0.5),
      scope: oneOf('edge-popup', 'scope', given.scope, ['layer', 'global'], 'layer'),
    };
  },
  mask(scores, { keep, scope }, context) {
    if (scope === 'global') return context.globalTopK(keep);
    return topKMask(scores, countOf(keep, scores), { memory: context.memory });
  },
  weigh(base, scores, { keep, scope }, context) {
    if (scope === 'global') return tf.mul(base, context.globalTopK(keep));
    return keepTopK(base, scores, countOf(keep, scores), { memory: context.memory });
  },
  // The mask is a function of |s|, so passing straight through it leaves d|s| / ds = sign(s).
  gradient(upstream, scores) {
    return tf.mul(upstream, tf.sign(scores));
  },
};

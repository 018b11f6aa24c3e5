import type { TopKMemory } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';

/** What a learner may know beside the scores. */
export interface LearnerContext {
  /** True inside a training step, false when predicting, evaluating or baking. */
  readonly training: boolean;
  /** The share of training that is over, 0 to 1; 0 until `setTrainingStep` is told how many steps there are. */
  readonly progress: number;
  /** Scores started uniform in +- this. */
  readonly limit: number;
  /** The trained threshold of the layer, or of the model, a scalar; null for learners without one. */
  readonly threshold: tf.Tensor | null;
  /** Uniform draws in [0, 1) of the scores' shape, fixed by (seed, layer, step): random learners draw from here only. */
  uniform(): tf.Tensor;
  /** Where the layer's threshold was in earlier steps, for `topKMask` and `keepTopK`: a matter of speed alone. */
  readonly memory: TopKMemory;
  /** The mask of the top `keep` share of |score| over every masked layer of the model (global selection). */
  globalTopK(keep: number): tf.Tensor;
}

/** The values a multiplier can take, up to one positive gain a layer: {0, 1}, {-1, 1} or {-1, 0, 1}. */
export type Alphabet = 'binary' | 'sign' | 'ternary';

/**
 * One way of learning a mask: scores to multipliers, and a straight-through gradient back.
 *
 * With alphabet `binary` the layer computes with `w * mask`, with `sign` and `ternary` with `|w| * mask`: the mask then
 * chooses the sign.
 */
export interface Learner<Options extends object = object> {
  readonly name: string;
  readonly alphabet: Alphabet;
  /** True when the largest |score| are kept, so that a score of 0 means dropped; default false: the largest scores are. */
  readonly byMagnitude?: boolean;
  /**
   * Completes and checks the options.
   * @param given What the user wrote, without the learner's name.
   * @returns Every option with its value; must be JSON.
   * @throws Error When a value is out of range or a name is unknown.
   */
  options(given: Readonly<Record<string, unknown>>): Options;
  /**
   * The multiplier of every weight.
   * @param scores The layer's scores, of its kernel's shape.
   * @returns Same shape; values of the alphabet times one positive gain.
   */
  mask(scores: tf.Tensor, options: Options, context: LearnerContext): tf.Tensor;
  /**
   * `base` times the mask in one go, where that is less work than the mask first and the product then.
   * @param base The layer's fixed values, of the scores' shape.
   * @returns The effective weights, same shape.
   */
  weigh?(base: tf.Tensor, scores: tf.Tensor, options: Options, context: LearnerContext): tf.Tensor;
  /**
   * The gradient for the scores.
   * @param upstream d loss / d mask, of the scores' shape.
   * @param mask What `mask` gave in the forward pass; null where `weigh` was used.
   * @returns d loss / d scores, as the learner's straight-through rule has it.
   */
  gradient(
    upstream: tf.Tensor,
    scores: tf.Tensor,
    mask: tf.Tensor | null,
    options: Options,
    context: LearnerContext,
  ): tf.Tensor;
  /** A trained threshold for each layer, for learners that have one. */
  readonly threshold?: {
    /** Where it starts, given that scores start uniform in +-limit; null: these options need none. */
    start(options: Options, limit: number): number | null;
    /** d loss / d threshold, a scalar, from d loss / d mask; the parts of several layers add up. */
    gradient(
      upstream: tf.Tensor,
      scores: tf.Tensor,
      options: Options,
      context: LearnerContext,
    ): tf.Tensor;
    /** True when all layers of a model share one; it is then started with a limit of 1. Default false. */
    shared?(options: Options): boolean;
  };
}

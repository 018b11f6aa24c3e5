import type * as tf from '@tensorflow/tfjs';
import type { Update } from '../slot-optimizer.ts';

/** The step the optimiser inside would take from a value along a gradient. */
export type InnerStep = (value: tf.Tensor, gradient: tf.Tensor) => Update;

/**
 * What weights may be while they are trained: an optimiser's step is taken on something else (all weights behind a mask,
 * real values behind their signs) and the weights are made of that.
 */
export interface Constraint {
  /** The name of what is remembered of each variable. */
  readonly slot: string;
  /** Whether it holds for a variable; the others are trained as usual. */
  applies(name: string, variable: tf.Variable): boolean;
  /** What is remembered before the first update, in the variable's shape. */
  start(variable: tf.Variable): tf.Tensor;
  /**
   * One update; runs inside a tidy.
   *
   * @param step counts from 1
   */
  update(
    input: { value: tf.Tensor; gradient: tf.Tensor; slot: tf.Tensor; step: number },
    inner: InnerStep,
  ): Update & { slot: tf.Tensor };
}

import type * as tf from '@tensorflow/tfjs';
import { maskedKernels } from './weights.ts';

/**
 * Tells the random learners of a masked model which training step comes next, so that a resumed run draws the same masks.
 *
 * Without it draws follow the number of training calls since the model was made.
 * @param model A masked model.
 * @param step The step's number, an integer >= 0.
 * @throws RangeError When step is no such integer.
 */
export function setTrainingStep(model: tf.LayersModel, step: number): void {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RangeError(`setTrainingStep: expected an integer >= 0, got ${step}.`);
  }
  for (const { kernel } of maskedKernels(model).values()) kernel.startStep(step);
}

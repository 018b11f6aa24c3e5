import type * as tf from '@tensorflow/tfjs';
import { maskedKernels } from './weights.ts';

/**
 * Tells the random learners of a masked model which training step comes next, so that a resumed run draws the same masks.
 *
 * Without it draws follow the number of training calls since the model was made, and what moves over training (`noise`,
 * `temperature`) stays at its first value.
 * @param model A masked model.
 * @param step The step's number, an integer >= 0.
 * @param total How many steps training has, an integer >= 1; step / total is how far it is.
 * @throws RangeError When step or total is no such integer.
 * @example
 * // masked: made by maskModel with the learner supermask, which draws its masks
 * const sum = () => masked.apply(x, { training: true }).sum().dataSync()[0];
 * setTrainingStep(masked, 7);
 * const first = sum();
 * setTrainingStep(masked, 7);
 * sum() === first; // true
 */
export function setTrainingStep(model: tf.LayersModel, step: number, total?: number): void {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RangeError(`setTrainingStep: expected an integer >= 0, got ${step}.`);
  }
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 1)) {
    throw new RangeError(`setTrainingStep: expected an integer >= 1 as total, got ${total}.`);
  }
  const progress = total === undefined ? 0 : Math.min(1, step / total);
  for (const { kernel } of maskedKernels(model)) kernel.startStep(step, progress);
}

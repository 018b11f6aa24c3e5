import type { Dataset } from '@pleat/datasets';
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';

/**
 * Checks that a model tells the images of a data set apart: one input of their shape, one output of a number per class.
 *
 * @throws UsageError when it does not
 */
export function checkFit(
  model: tf.LayersModel,
  { name, shape, classes }: Pick<Dataset, 'name' | 'shape' | 'classes'>,
): void {
  const { inputs, outputs } = model;
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new UsageError(
      `The model has ${inputs.length} inputs and ${outputs.length} outputs; only one with a single input of images and a single output of classes can be measured.`,
    );
  }
  const input = (inputs[0]!.shape as (number | null)[]).slice(1);
  const output = (outputs[0]!.shape as (number | null)[]).slice(1);
  const fits =
    input.length === shape.length &&
    input.every((size, i) => size === null || size === shape[i]) &&
    output.length === 1 &&
    output[0] === classes.length;
  if (fits) return;
  throw new UsageError(
    `The model takes images of ${input.map((size) => size ?? 'any').join(' x ')} and tells ${output.join(' x ')} classes apart; ${name} has ${shape.join(' x ')} and ${classes.length}: choose another --dataset.`,
  );
}

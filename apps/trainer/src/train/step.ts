import type { Batch } from '@pleat/datasets';
import { softmaxCrossEntropy } from '@pleat/ops';
import { frugalGrads } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { argMax } from './evaluate.ts';
import type { Objective } from './objective.ts';

/** What one step shows. */
export interface StepResult {
  /** Mean over the batch, before the update. */
  loss: number;
  correct: number;
}

/** What a step works on. */
export interface StepInput {
  model: tf.LayersModel;
  optimizer: tf.Optimizer;
  variables: tf.Variable[];
  shape: readonly [number, number, number];
  labelSmoothing: number;
  /** What is minimised instead of the cross entropy with the labels alone. */
  objective?: Objective;
}

/** The trainable variables of a model, in its own order. */
export function trainableVariables(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/**
 * One forward pass, backward pass and update.
 *
 * A loss that is no finite number leaves the weights alone: the caller sees it and stops.
 */
export async function trainStep(
  { model, optimizer, variables, shape, labelSmoothing, objective }: StepInput,
  batch: Batch,
): Promise<StepResult> {
  const images = tf.tensor4d(batch.images, [batch.size, ...shape]);
  const labels = tf.tensor1d(batch.labels, 'int32');
  const taught = objective?.teach(images) ?? null;
  let logits: tf.Tensor | undefined;
  const { value, grads } = frugalGrads(() => {
    logits = tf.keep(model.apply(images, { training: true }) as tf.Tensor);
    if (objective !== undefined) return objective.loss(labels, logits, taught);
    return softmaxCrossEntropy(labels, logits, { labelSmoothing }) as tf.Scalar;
  }, variables);
  const [loss] = await value.data();
  const scores = (await logits!.data()) as Float32Array;
  if (Number.isFinite(loss)) optimizer.applyGradients(grads);
  tf.dispose([images, labels, logits!, value, grads, ...(taught ? [taught] : [])]);
  return { loss: loss!, correct: countRight(scores, batch) };
}

/** How many of a batch's images have the largest score at their label. */
export function countRight(scores: Float32Array, batch: Batch): number {
  const width = scores.length / batch.size;
  let correct = 0;
  for (let i = 0; i < batch.size; i++) {
    if (argMax(scores.subarray(i * width, (i + 1) * width)) === batch.labels[i]) correct++;
  }
  return correct;
}

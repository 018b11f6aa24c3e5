import type { Batch } from '@pleat/datasets';
import { integralStep } from '@pleat/integral';
import { softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { TrainConfig } from '../config/schema.ts';
import { countRight, type StepInput, type StepResult } from './step.ts';

/** The widths that a configuration trains at. */
type WidthConfig = Pick<
  TrainConfig,
  'minWidth' | 'widthDistribution' | 'widthDraw' | 'jitter' | 'sandwich' | 'selfDistill' | 'seed'
>;

/**
 * One step of an integral network: at a random width, decided by the seed and the step; with a sandwich at the largest and
 * smallest too. What is counted right is so at the first of them.
 */
export async function trainIntegralStep(
  { model, optimizer, shape, labelSmoothing, objective }: Omit<StepInput, 'variables'>,
  batch: Batch,
  step: number,
  config: WidthConfig,
): Promise<StepResult> {
  const { minWidth, widthDistribution, widthDraw, jitter, sandwich, selfDistill, seed } = config;
  const x = tf.tensor4d(batch.images, [batch.size, ...shape]);
  const y = tf.tensor1d(batch.labels, 'int32');
  const taught = objective?.teach(x) ?? null;
  try {
    const { loss, output } = await integralStep(model, { x, y }, step, {
      optimizer,
      // Told by a wider self, a width learns that alone.
      loss: (labels, logits) =>
        labels === y && objective !== undefined
          ? objective.loss(y, logits, taught)
          : softmaxCrossEntropy(labels, logits, labels === y ? { labelSmoothing } : {}),
      widths: {
        min: minWidth,
        distribution: widthDistribution,
        draw: widthDraw,
        jitter,
        sandwich,
        seed,
      },
      distill: selfDistill ?? false,
    });
    const scores = (await output.data()) as Float32Array;
    output.dispose();
    return { loss, correct: countRight(scores, batch) };
  } finally {
    tf.dispose([x, y, ...(taught ? [taught] : [])]);
  }
}

import type { Dataset } from '@pleat/datasets';
import { maskBits } from '@pleat/mask';
import { distillationLoss, softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { TrainConfig } from '../config/schema.ts';
import { openModel } from '../files/pleat.ts';
import { endsInSoftmax } from './evaluate.ts';
import { checkFit } from './fit.ts';

/** What a step minimises. */
export interface Objective {
  /** The teacher's logits for a batch of images, or null without a teacher. */
  teach(images: tf.Tensor): tf.Tensor | null;
  /** The loss, differentiable. */
  loss(labels: tf.Tensor, logits: tf.Tensor, taught: tf.Tensor | null): tf.Scalar;
}

/** Weights that have scores of their own: what a price of bits is shared out among. */
function scored(model: tf.LayersModel): number {
  return model.weights
    .filter(({ name }) => /_scores(_\d+)?$/.test(name))
    .reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
}

/**
 * The loss of a run: cross entropy with the labels; with a teacher, in part the distance to what it says; with a price of
 * bits, that times the bits a weight that its masks take.
 *
 * @throws CliError when the teacher cannot be read, UsageError when it does not fit the data set
 */
export async function buildObjective(
  config: TrainConfig,
  model: tf.LayersModel,
  dataset: Pick<Dataset, 'name' | 'shape' | 'classes'>,
): Promise<Objective> {
  const { labelSmoothing, bitPrice = 0, distillWeight = 0.5, temperature = 4 } = config;
  const teacher = config.teacher === undefined ? null : (await openModel(config.teacher)).model;
  if (teacher !== null) checkFit(teacher, dataset);
  const probabilities = teacher !== null && endsInSoftmax(teacher);
  const share = bitPrice > 0 ? bitPrice / scored(model) : 0;
  return {
    teach(images) {
      if (teacher === null) return null;
      return tf.tidy(() => {
        const out = teacher.apply(images, { training: false }) as tf.Tensor;
        // Softmax takes constants off: logarithms of probabilities serve as logits.
        return probabilities ? out.maximum(1e-12).log() : out;
      });
    },
    loss(labels, logits, taught) {
      let loss = softmaxCrossEntropy(labels, logits, { labelSmoothing });
      if (taught !== null) {
        const distance = distillationLoss(taught, logits, { temperature });
        loss = loss.mul(1 - distillWeight).add(distance.mul(distillWeight)) as tf.Scalar;
      }
      return share > 0 ? (loss.add(maskBits(model).mul(share)) as tf.Scalar) : loss;
    },
  };
}

import { layerPlaces, requireModel, weightName } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

/** Norms whose statistics a model keeps. */
function batchNorms(model: tf.LayersModel): { path: string; layer: tf.layers.Layer }[] {
  return layerPlaces(model).filter(({ layer }) =>
    layer.weights.some((weight) => weightName(weight) === 'moving_variance'),
  );
}

/**
 * Computes the statistics of a model's batch norms anew on a few unlabelled batches: they are the exact means over those.
 *
 * All norms are measured in one pass, each under the batch's statistics of those before it.
 * @param model A plain or an integral model with batch norms; changed in place. Without any it stays as it is.
 * @param batches Inputs, of equal size; each is disposed of.
 * @returns How many batches were seen.
 * @throws TypeError When it is no layers model.
 * @example
 * await recalibrate(extract(resize(integral, { conv1: 8 })), [x1, x2]);
 */
export async function recalibrate(
  model: tf.LayersModel,
  batches: Iterable<tf.Tensor> | AsyncIterable<tf.Tensor>,
): Promise<number> {
  requireModel('recalibrate', model);
  // A momentum of i / (i + 1) at batch i makes a running mean the mean of all.
  const norms = batchNorms(model).map(
    ({ layer }) => layer as tf.layers.Layer & { momentum: number },
  );
  const before = norms.map(({ momentum }) => momentum);
  let seen = 0;
  try {
    for await (const x of batches) {
      for (const norm of norms) norm.momentum = seen / (seen + 1);
      tf.tidy(() => void model.apply(x, { training: true }));
      x.dispose();
      seen++;
    }
  } finally {
    norms.forEach((norm, i) => {
      norm.momentum = before[i] as number;
    });
  }
  return seen;
}

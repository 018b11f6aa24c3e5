import { copyWeights, layerPlaces, rebuildModel, requireModel, weightName } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

const classes = ['BatchNormalization', 'PleatBatchNorm'];

/** Tells batch norms, stock and Pleat's own. */
function isBatchNorm(layer: tf.layers.Layer): boolean {
  return classes.includes(layer.getClassName());
}

interface BatchNorm extends tf.layers.Layer {
  epsilon: number;
  momentum: number;
}

/** The vectors of a batch norm by name; scale and shift that it lacks are 1 and 0. */
function vectors(layer: tf.layers.Layer): Record<'gamma' | 'beta' | 'mean' | 'variance', number[]> {
  const own = new Map(layer.weights.map((weight) => [weightName(weight), weight]));
  const read = (name: string) => [...(own.get(name)?.read().dataSync() ?? [])];
  const mean = read('moving_mean');
  const variance = read('moving_variance');
  const gamma = own.has('gamma') ? read('gamma') : mean.map(() => 1);
  const beta = own.has('beta') ? read('beta') : mean.map(() => 0);
  return { gamma, beta, mean, variance };
}

/**
 * The same model with every batch norm folded into its scale and shift: mean 0, variance such that nothing is divided.
 *
 * gamma' = gamma / sqrt(variance + epsilon), beta' = beta - mean * gamma' (Jacob et al., CVPR 2018, section 3.2, without the
 * convolution): two vectors of four say the same.
 * @param plain A model without masked layers; it is not changed.
 */
export function foldNorms(plain: tf.LayersModel): tf.LayersModel {
  const affine = (layer: { className: string; config: tf.serialization.ConfigDict }) =>
    classes.includes(layer.className)
      ? { ...layer, config: { ...layer.config, center: true, scale: true } }
      : layer;
  const folded = rebuildModel(plain, affine, true);
  const sources = new Map(layerPlaces(plain).map(({ path, layer }) => [path, layer]));
  copyWeights(plain, folded);
  for (const { path, layer } of layerPlaces(folded)) {
    if (!isBatchNorm(layer)) continue;
    const { gamma, beta, mean, variance } = vectors(sources.get(path) as tf.layers.Layer);
    const { epsilon } = layer as BatchNorm;
    const scale = gamma.map((g, i) => g / Math.sqrt((variance[i] as number) + epsilon));
    const shift = beta.map((b, i) => b - (mean[i] as number) * Math.fround(scale[i] as number));
    const values: Record<string, number[]> = {
      gamma: scale,
      beta: shift,
      moving_mean: mean.map(() => 0),
      moving_variance: variance.map(() => Math.fround(1 - epsilon)),
    };
    for (const weight of layer.weights) {
      const tensor = tf.tensor1d(values[weightName(weight)] ?? []);
      weight.write(tensor);
      tensor.dispose();
    }
  }
  return folded;
}

/**
 * Sets the statistics of every batch norm of a model to those of a batch: each norm sees what the norms before it give with
 * the statistics of the same batch.
 *
 * @param model A plain or masked model; its moving means and variances are replaced, nothing else.
 * @param batch Inputs of the model, one tensor for each; a few hundred rows that look like what it was trained on.
 * @throws TypeError When model is no tf.LayersModel.
 * @throws Error When the model has no batch norm.
 * @example
 * const norm = tf.layers.batchNormalization({ inputShape: [1] });
 * const model = tf.sequential({ layers: [norm] });
 * recomputeNorms(model, tf.tensor2d([[1], [3]]));
 * model.getWeights()[2].print(); // [2]
 */
export function recomputeNorms(model: tf.LayersModel, batch: tf.Tensor | tf.Tensor[]): void {
  requireModel('recomputeNorms', model);
  const norms = layerPlaces(model).flatMap(({ layer }) =>
    isBatchNorm(layer) ? [layer as BatchNorm] : [],
  );
  if (norms.length === 0) {
    throw new Error(
      `recomputeNorms: '${model.name}' has no batch norm; only batch norms hold statistics.`,
    );
  }
  const before = norms.map(({ momentum }) => momentum);
  try {
    for (const norm of norms) {
      norm.momentum = 0;
      // Only the norms shall believe that this is training: no dropout, no random mask.
      const call = norm.call;
      norm.call = (inputs, kwargs) => call.call(norm, inputs, { ...kwargs, training: true });
    }
    tf.tidy(() => {
      model.apply(batch, { training: false });
    });
  } finally {
    norms.forEach((norm, i) => {
      norm.momentum = before[i] as number;
      delete (norm as Partial<BatchNorm>).call;
    });
  }
}

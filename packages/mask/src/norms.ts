import { copyWeights, layerPlaces, rebuildModel, requireModel, weightName } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

const classes = ['BatchNormalization', 'PleatBatchNorm'];

/** Tells batch norms, stock and Pleat's own. */
export function isBatchNorm(layer: tf.layers.Layer): boolean {
  return classes.includes(layer.getClassName());
}

type Serialized = { className: string; config: tf.serialization.ConfigDict };

/**
 * The description of a batch norm without scale and shift.
 *
 * A stock one becomes Pleat's own, because tfjs 4.22 cannot train a stock one that lacks its scale.
 * @throws Error When a stock norm works along another axis than the last.
 */
export function withoutAffine(norm: tf.layers.Layer, { config }: Serialized): Serialized {
  const rank = (norm.inputSpec?.[0] as { ndim?: number } | undefined)?.ndim;
  const { axis = -1 } = config;
  if (axis !== -1 && axis !== (rank ?? 0) - 1) {
    throw new Error(
      `maskModel: affineNorms is false, but '${norm.name}' normalises along axis ${axis}; only norms along the last can do without scale and shift.`,
    );
  }
  return { className: 'PleatBatchNorm', config: { ...config, center: false, scale: false } };
}

interface BatchNorm extends tf.layers.Layer {
  epsilon: number;
  /** Of the channels; Pleat's own norms have the last. */
  axis?: number;
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
  const affine = (layer: Serialized) =>
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
  try {
    for (const norm of norms) {
      const call = norm.call;
      norm.call = (inputs, kwargs) => {
        takeStatistics(norm, inputs);
        return call.call(norm, inputs, kwargs);
      };
    }
    tf.tidy(() => {
      model.apply(batch, { training: false });
    });
  } finally {
    for (const norm of norms) delete (norm as Partial<BatchNorm>).call;
  }
}

/** Writes mean and variance (n, not n - 1) of its inputs into a norm. */
function takeStatistics(norm: BatchNorm, inputs: tf.Tensor | tf.Tensor[]): void {
  const [x] = [inputs].flat() as [tf.Tensor];
  const { axis = -1 } = norm;
  const channel = axis < 0 ? axis + x.rank : axis;
  const { mean, variance } = tf.moments(
    x,
    x.shape.map((_, i) => i).filter((i) => i !== channel),
  );
  const values: Record<string, tf.Tensor> = { moving_mean: mean, moving_variance: variance };
  for (const weight of norm.weights) {
    const value = values[weightName(weight)];
    if (value !== undefined) weight.write(value);
  }
}

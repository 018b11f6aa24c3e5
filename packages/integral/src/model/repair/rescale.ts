import { layerPlaces, type PleatMultiHeadAttentionLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type Covariance, covariances, laidOut, placesOf, variancesMade } from './covariance.ts';
import { type LinearLayer, linearLayers, requireExtracted, weightOf } from './layers.ts';
import { scoreRepair } from './scores.ts';

/**
 * What each channel of a sampled layer must be multiplied by to vary as the channels it stands for: the root of the variance
 * interpolated between theirs over its own.
 */
function factorsOf(
  { coefficients, kernel, output, input }: LinearLayer,
  covariance: Parameters<typeof variancesMade>[3],
): tf.Tensor1D {
  const made = (from: tf.Tensor, when: keyof Covariance) =>
    variancesMade(from, output, input, covariance, when);
  const before = made(coefficients, 'before');
  const wanted = laidOut(output, 'after', ({ group, slot }, index) => {
    const positions = placesOf(output, 'before')[index] as Int32Array;
    const own = before.gather(tf.tensor1d(positions, 'int32')).reshape([group.count, slot.each]);
    return group.whole ? own : tf.matMul(group.tensor('positive'), own as tf.Tensor2D);
  });
  const now = made(kernel.read(), 'after');
  // A channel that does not vary has nothing to be scaled.
  const ratio = wanted.div(tf.maximum(now, 1e-30));
  return tf.where(now.greater(1e-20), tf.sqrt(ratio), tf.onesLike(ratio)) as tf.Tensor1D;
}

function apply({ kernel, output, norm }: LinearLayer, factors: tf.Tensor1D): void {
  const variance = norm && weightOf(norm, 'moving_variance');
  if (variance !== undefined) {
    // The norm divides by what the channel varies now; its mean stays.
    variance.write(variance.read().div(factors.square()));
    return;
  }
  const shape = (kernel.shape as number[]).map((size, axis) => (axis === output.axis ? size : 1));
  kernel.write(kernel.read().mul(factors.reshape(shape)));
}

/**
 * Repairs the variances of a resampled model without any data: every channel of a convolution, dense layer or attention is rescaled to
 * vary as much as the channels it stands for did.
 *
 * A sampled channel is a combination of neighbours; as far as those are not alike it varies less than they do, and a sum over
 * fewer of them varies more. With x the inputs of a layer, C their covariance, w a channel's kernel and a prime for what is
 * sampled, its variance is w C w^T, and the factor is the root of (P diag(W C W^T))_k over (w'_k C' w'_k^T), P interpolating
 * linearly. C is told from the kernels that make x (see `covariances`). A batch norm right after the layer takes the factor in
 * its variance; else the kernel does.
 *
 * Values and the output kernel of attention are rescaled as dense layers are, as though all heads averaged alike over tokens. The
 * queries of each head take one factor, so that its scores vary over keys as before (see `scoreRepair`). Attention whose heads
 * themselves were resized is left as it is, and so are separable convolutions.
 * @param plain What `extract` gave; changed in place.
 * @param integral The model it was extracted from, at the same sizes; it is not changed.
 * @returns The plain model.
 * @throws Error When the plain model has other sizes.
 * @see Jordan et al., "REPAIR", ICLR 2023, for variances restored with data; Wang et al., "Forget the data and fine-tuning!
 *   Just fold the network to compress", ICLR 2025, section 3.3, for correlations estimated without.
 * @example
 * const small = rescale(extract(resize(integral, { conv1: 8 })), integral);
 */
export function rescale(plain: tf.LayersModel, integral: tf.LayersModel): tf.LayersModel {
  const state = requireExtracted('rescale', plain, integral);
  tf.tidy(() => {
    const layers = linearLayers(state, plain);
    const covariance = covariances(state, layers);
    const originals = new Map(layerPlaces(state.model).map(({ path, layer }) => [path, layer]));
    const repairs = layers.map((layer) => {
      const heads = state.groups.get(`${layer.path}/heads`);
      if (layer.name === 'key_kernel' || heads?.whole === false) return null;
      if (layer.name === 'query_kernel') {
        const key = layers.find(({ path, name }) => path === layer.path && name === 'key_kernel');
        const original = originals.get(layer.path);
        const { input } = layer;
        if (key === undefined || original === undefined || input === undefined) return null;
        const moved = !(layer.sampler.whole && key.sampler.whole);
        const count = (layer.plain as PleatMultiHeadAttentionLayer).heads;
        return moved ? scoreRepair({ ...layer, input }, key, original, count, covariance) : null;
      }
      if (layer.sampler.whole) return null;
      const factors = factorsOf(layer, covariance);
      return () => apply(layer, factors);
    });
    // All are computed of the model as it was.
    for (const repair of repairs) repair?.();
  });
  return plain;
}

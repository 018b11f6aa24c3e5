import { type ChannelGroup, modelSizer } from '@pleat/channels';
import { layerPlaces, rebuildModel } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { integralName } from '../layers/kinds.ts';
import { isHeads } from './heads.ts';
import type { Sampling } from './matrices.ts';
import { type IntegralState, setMetadata, stateOf } from './state.ts';
import type { GridSampler } from './weight.ts';

/** Coefficients of every group: a share of its channels, or numbers by id (those left out, and tied ones, follow). */
export type Coefficients = number | Readonly<Record<string, number>>;

/** How many coefficients each group gets. */
export function coefficientCounts(
  groups: readonly ChannelGroup[],
  wanted: Coefficients,
): Map<string, number> {
  const who = 'toIntegral: coefficients';
  const counts = new Map<string, number>();
  if (typeof wanted === 'number') {
    if (!(wanted > 0 && wanted <= 1)) {
      throw new RangeError(`${who}: a share must be above 0 and at most 1, got ${wanted}.`);
    }
    for (const { id, size } of groups) {
      if (!isHeads(id)) counts.set(id, Math.max(1, Math.round(wanted * size)));
    }
    return counts;
  }
  for (const [id, count] of Object.entries(wanted)) {
    const group = groups.find((each) => each.id === id);
    if (group === undefined || !Number.isInteger(count) || count < 1 || count > group.size) {
      const range = group === undefined ? 'there is no such group' : `1 to ${group.size}`;
      throw new RangeError(
        `${who} of '${id}': got ${count} (${range}); groups: ${groups.map((each) => each.id).join(', ')}.`,
      );
    }
    for (const each of [id, ...group.tied]) counts.set(each, count);
  }
  return counts;
}

/** Variances have no negative coefficients: each takes the mean over the samples near it. */
function meansOf(state: IntegralState, weight: tf.LayerVariable, values: tf.Tensor): tf.Tensor {
  const sampler = state.samplers.get(weight) as GridSampler;
  const nearness = sampler.nearness();
  const total = tf.dot(values as tf.Tensor1D, nearness);
  return total.div(tf.maximum(nearness.sum(0), 1e-6));
}

/**
 * An integral model of fewer coefficients than channels: Lambda = B_out^+ W (B_in^+)^T, the pseudo-inverses of what sampling
 * multiplies by; at the original sizes its weights come nearest to the model's, in the sum of squares.
 *
 * @returns the model, sampled at the original sizes, and the root of the share of the squared weights that it misses
 */
export function fitted(
  plain: tf.LayersModel,
  groups: readonly ChannelGroup[],
  counts: ReadonlyMap<string, number>,
  sampling: Sampling,
): { model: tf.LayersModel; fitError: number } {
  const small = modelSizer(plain).build(Object.fromEntries(counts));
  const model = rebuildModel(
    small,
    (layer) => ({ ...layer, className: integralName(layer.className) ?? layer.className }),
    true,
  );
  small.dispose();
  const sizes = groups.filter(({ id, size }) => (counts.get(id) ?? size) !== size);
  const stored = sizes.map(({ id, size }) => [id, { size, partition: { kind: 'uniform' } }]);
  setMetadata(model, { sampling, groups: Object.fromEntries(stored) });
  const state = stateOf('toIntegral', model);
  const sources = new Map(layerPlaces(plain).map(({ path, layer }) => [path, layer]));
  let [missed, all] = [0, 0];
  tf.tidy(() => {
    for (const { path, layer } of layerPlaces(model)) {
      layer.weights.forEach((weight, i) => {
        const source = (sources.get(path) as tf.layers.Layer).weights[i]?.read() as tf.Tensor;
        const sampler = state.samplers.get(weight);
        const own = source.dataSync<'float32'>();
        const shape = weight.shape as number[];
        if (sampler === undefined || sampler.whole) {
          weight.write(source);
        } else if (weight.originalName.endsWith('moving_variance')) {
          weight.write(meansOf(state, weight, source));
        } else {
          const coefficients = sampler.fitArray(own, source.shape);
          weight.write(tf.tensor(coefficients, shape));
          const back = sampler.sampleArray(coefficients, shape);
          own.forEach((value, j) => {
            missed += (value - back[j]!) ** 2;
          });
        }
        for (const value of own) all += value ** 2;
      });
    }
  });
  return { model, fitError: Math.sqrt(missed / Math.max(all, 1e-300)) };
}

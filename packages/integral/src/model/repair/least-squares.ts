import { layerPlaces, onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { requireCount } from '../../arguments.ts';
import { extract } from '../extract.ts';
import { applySizes, freeGroups } from '../resize.ts';
import type { IntegralState } from '../state.ts';
import { applySetting, settingNow } from '../widths.ts';
import { Fitter } from './fitter.ts';
import { linearLayers, requireExtracted, weightOf } from './layers.ts';

const who = 'fitLeastSquares';

/** How layers are fitted. */
export interface LeastSquaresOptions {
  /** Pull towards the sampled weights, relative to the mean square of a layer's inputs; at least 0. Default 1e-3. */
  ridge?: number;
  /** The most rows (images, or pixels of feature maps) that are used of one batch, taken evenly. Default 4096. */
  rows?: number;
  /** Called after each layer with how many are done, of how many. */
  onLayer?: (done: number, total: number) => void;
}

const applied = (layer: tf.layers.Layer): number =>
  (layer as unknown as { inboundNodes: unknown[] }).inboundNodes.length;

/** The model at its own grids, as a plain one. */
function originalOf(state: IntegralState): tf.LayersModel {
  const before = settingNow(state);
  try {
    applySizes(state, new Map(freeGroups(state).map(({ id, count }) => [id, count])));
    return extract(state.model);
  } finally {
    applySetting(state, before);
  }
}

const isLast = (layer: tf.layers.Layer): boolean =>
  (layer.getConfig().dataFormat ?? 'channelsLast') === 'channelsLast';

/**
 * Repairs a resampled model with a few unlabelled batches: layer after layer, the kernel that reads resampled channels is
 * fitted so that it makes of them, as nearly as it can, what it made of the original ones.
 *
 * With x the original inputs of a layer and x' those it has now, R and c minimise the mean of |x - R^T x' - c|^2 over all
 * pixels, plus a ridge that pulls R towards what sampling gives; the layer then reads R^T x' + c with its original kernel,
 * sampled along its outputs alone. For dense layers and 1 x 1 convolutions that is the least-squares fit of the layer's own
 * output; wider kernels see each pixel repaired by itself. Constants go into the bias, where there is one. Layers are fitted in
 * the order in which they compute, each to inputs that the repaired ones before it give, and batch norms on the way get the
 * statistics of these batches, as `recalibrate` would give them.
 *
 * Of depthwise layers the few taps of each channel (and its constant) are fitted to the channels it stands for: to what the
 * original layer makes, sampled as the channels are. Of attention, queries, keys and values read their inputs as dense layers do,
 * and the output kernel is fitted, from what the heads carry now, to what the original layer makes. Separable
 * convolutions, embeddings, recurrent layers, layers used twice and models within the model stay as sampled.
 * @param plain What `extract` gave; changed in place.
 * @param integral The model it was extracted from, at the same sizes; it is not changed.
 * @param batches Inputs; each is disposed of in the end.
 * @param options Ridge, rows, progress.
 * @returns How many layers were fitted.
 * @throws Error When the plain model has other sizes. RangeError When there are no batches or an option is out of range.
 * @see He et al., "Channel pruning for accelerating very deep neural networks", ICCV 2017, section 3.1, for layers fitted to
 *   what they made before.
 * @example
 * await fitLeastSquares(extract(integral), integral, [x1, x2], { ridge: 1e-3 });
 */
export async function fitLeastSquares(
  plain: tf.LayersModel,
  integral: tf.LayersModel,
  batches: Iterable<tf.Tensor> | AsyncIterable<tf.Tensor>,
  options: LeastSquaresOptions = {},
): Promise<number> {
  onlyOptions(who, options, ['ridge', 'rows', 'onLayer']);
  const { ridge = 1e-3, rows = 4096, onLayer } = options;
  requireCount(who, 'rows', rows);
  if (!(ridge >= 0 && ridge < Infinity)) {
    throw new RangeError(`${who}: ridge must be a number of at least 0, got ${ridge}.`);
  }
  const state = requireExtracted(who, plain, integral);
  const kept: tf.Tensor[] = [];
  const original = originalOf(state);
  try {
    for await (const x of batches) kept.push(x);
    if (kept.length === 0) throw new RangeError(`${who}: there are no batches to fit to.`);
    const fitter = new Fitter(plain, original, kept, { ridge, rows });
    const linear = linearLayers(state, plain);
    const moved = new Set(
      layerPlaces(state.model)
        .filter(({ layer }) => layer.weights.some((w) => state.samplers.get(w)?.whole === false))
        .map(({ path }) => path),
    );
    const steps = plain.layers.filter((layer) => applied(layer) === 1);
    let [changed, fitted] = [false, 0];
    for (const [done, layer] of steps.entries()) {
      const own = linear.filter((kernel) => kernel.plain === layer);
      if (isLast(layer) && (await fitter.layer(own, changed))) fitted++;
      changed ||= moved.has(layer.name);
      if (changed && weightOf(layer, 'moving_variance') !== undefined) await fitter.norm(layer);
      onLayer?.(done + 1, steps.length);
    }
    return fitted;
  } finally {
    tf.dispose(kept);
    original.dispose();
  }
}

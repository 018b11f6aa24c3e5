import { channelGraph } from '@pleat/channels';
import { copyWeights, onlyOptions, rebuildModel, requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { requireName } from '../arguments.ts';
import type { Alignment, InterpolationOptions } from '../interpolation/kernels.ts';
import { interpolation } from '../interpolation/options.ts';
import { integralName } from '../layers/kinds.ts';
import type { QuadratureName } from '../quadrature/registry.ts';
import { type Coefficients, coefficientCounts, fitted } from './fit.ts';
import { foldBatchNorm } from './fold.ts';
import type { Sampling } from './matrices.ts';
import { type ChannelOrder, channelOrders, inOrder, type OrderProgress } from './order.ts';
import type { ConversionReport } from './report.ts';
import { type IntegralState, setMetadata, stateOf, storeGroups } from './state.ts';

/** How a model is converted. */
export interface IntegralOptions {
  /** Fold batch norms into the layers before them, or keep them as integral layers of their own. Default `keep`. */
  batchNorm?: 'keep' | 'fold';
  /** Order of the channels of each group. Default `tsp`: neighbours are as alike as possible. */
  order?: ChannelOrder;
  /** Seed of the order. Default 0. */
  seed?: number;
  /** The curve through the coefficients. Default Keys' cubic convolution, with coefficients at the centres of cells. */
  interpolation?: InterpolationOptions;
  /** How samples count in the sum over channels; `gauss-legendre` comes with a partition of that kind. Default `midpoint`. */
  quadrature?: Exclude<QuadratureName, 'gauss-legendre'>;
  /** `area` averages over the distance between samples, so that none is lost when shrinking. Default `point`. */
  filter?: 'point' | 'area';
  /**
   * Coefficients of each group, fewer than channels: a share of them, or numbers by group id. The weights are then fitted by
   * least squares and `fitError` tells what is missed. The model's own grids (`resetGrids`) are those of the coefficients.
   * Default as many as channels: an exact fit.
   */
  coefficients?: Coefficients;
  /** Called before each group of channels is put in order, which takes longest of all. */
  onProgress?: OrderProgress;
}

const optionNames = [
  'batchNorm',
  'order',
  'seed',
  'interpolation',
  'quadrature',
  'filter',
  'coefficients',
  'onProgress',
] as const satisfies (keyof IntegralOptions)[];

function samplingOf(options: IntegralOptions): Sampling {
  const { quadrature = 'midpoint', filter = 'point' } = options;
  requireName('toIntegral', 'quadrature', quadrature, ['midpoint', 'trapezoid', 'simpson']);
  requireName('toIntegral', 'filter', filter, ['point', 'area']);
  const alignment: Alignment = options.interpolation?.alignment ?? 'cells';
  const full = interpolation('toIntegral', { ...options.interpolation, alignment });
  return { interpolation: full, quadrature, filter };
}

/** The integral model whose coefficients are a plain model's weights. */
function exact(plain: tf.LayersModel): tf.LayersModel {
  const result = rebuildModel(
    plain,
    (layer) => ({ ...layer, className: integralName(layer.className) ?? layer.className }),
    true,
  );
  copyWeights(plain, result);
  return result;
}

/**
 * Turns a trained model into an integral one: each weight becomes a smooth function of the coordinates of its channels,
 * sampled at as many places as wanted.
 *
 * The coefficients are the model's own weights in a new order, so at the original sizes it computes what the model does. It is
 * a `tf.LayersModel`: predict, fit, evaluate, save and load it.
 * @param model Any built LayersModel; it is not changed.
 * @param options Norms, order, interpolation, quadrature.
 * @returns The integral model, not compiled; `integralReport` tells what was done.
 * @throws TypeError, RangeError When the model or an option is not what it should be.
 * @throws Error When no channels can be resized.
 * @see Solodskikh et al., "Integral neural networks", CVPR 2023.
 * @example
 * // model: dense layers of 8 and 2 units
 * const integral = toIntegral(model);
 * integral.layers[1].getClassName(); // PleatIntegralDense
 */
export function toIntegral(model: tf.LayersModel, options: IntegralOptions = {}): tf.LayersModel {
  requireModel('toIntegral', model);
  onlyOptions('toIntegral', options, optionNames);
  const { batchNorm = 'keep', order = 'tsp', seed = 0 } = options;
  if (typeof order !== 'object') requireName('toIntegral', 'order', order, channelOrders);
  requireName('toIntegral', 'batchNorm', batchNorm, ['keep', 'fold']);
  const sampling = samplingOf(options);
  const made: tf.LayersModel[] = [];
  try {
    let plain = model;
    let folded: string[] = [];
    if (batchNorm === 'fold') {
      ({ model: plain, folded } = foldBatchNorm(model));
      made.push(plain);
    }
    const groups = channelGraph(plain).groups.filter(
      ({ fixed, size }) => fixed === undefined && size > 1,
    );
    if (groups.length === 0) {
      throw new Error(
        `toIntegral: no channels of '${model.name}' can be resized; channelGraph of @pleat/channels tells why.`,
      );
    }
    const ordered = inOrder(plain, groups, order, seed, options.onProgress);
    if (ordered.model !== plain) made.push(ordered.model);
    const counts = coefficientCounts(groups, options.coefficients ?? 1);
    const fewer = groups.some(({ id, size }) => (counts.get(id) ?? size) < size);
    const { model: result, fitError } = fewer
      ? fitted(ordered.model, groups, counts, sampling)
      : { model: exact(ordered.model), fitError: 0 };
    const reports = ordered.groups.map((group) => ({
      ...group,
      coefficients: counts.get(group.id) ?? group.channels,
    }));
    const total = (key: 'variationBefore' | 'variationAfter') =>
      reports.reduce((sum, group) => sum + group[key], 0);
    const report: ConversionReport = {
      order: typeof order === 'object' ? 'given' : order,
      folded,
      groups: reports,
      variationBefore: total('variationBefore'),
      variationAfter: total('variationAfter'),
      fitError,
    };
    if (!fewer) setMetadata(result, { sampling, groups: {}, report });
    const state = stateOf('toIntegral', result);
    state.metadata.report = report;
    storeGroups(state);
    return result;
  } finally {
    for (const other of made) other.dispose();
  }
}

/**
 * What the conversion did: order, folded norms, total variation before and after, error of the fit.
 * @param model An integral model.
 * @returns The report, or undefined for a model that was made integral by other means.
 * @throws Error When the model is not integral.
 * @example
 * integralReport(toIntegral(model)).fitError; // 0
 */
export function integralReport(model: tf.LayersModel): ConversionReport | undefined {
  const { metadata }: IntegralState = stateOf('integralReport', model);
  return metadata.report;
}

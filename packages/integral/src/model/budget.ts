import { costs } from '@pleat/channels';
import { layerPlaces, onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { isIntegral } from '../layers/integral-layer.ts';
import { applySizes, completeSizes } from './resize.ts';
import { type IntegralState, sizesOf, stateOf, storeGroups } from './state.ts';
import { chosenGroups, sizeAt } from './widths.ts';

/** Trainable values of an integral model at its sizes of now, norms' statistics left out as papers do. */
function countSampled(state: IntegralState): number {
  let total = 0;
  for (const { layer } of layerPlaces(state.model)) {
    layer.weights.forEach((weight) => {
      if (/moving_(mean|variance)$/.test(weight.originalName)) return;
      const sampler = isIntegral(layer) ? state.samplers.get(weight) : undefined;
      const shape = sampler?.shape(weight.shape as number[]) ?? (weight.shape as number[]);
      total += shape.reduce((a, b) => a * b, 1);
    });
  }
  return total;
}

/** How small an integral model is. */
export interface Compression {
  /** Trainable values at the sizes of now. */
  parameters: number;
  /** The same at the original sizes. */
  original: number;
  /** Share removed: 1 - parameters / original; negative when it has grown. */
  compression: number;
}

/**
 * How much smaller an integral model is at its sizes of now than at its own grids.
 * @param model An integral model.
 * @returns Parameters now and originally, and the share removed.
 * @throws Error When the model is not integral.
 * @example
 * compressionOf(integral).compression; // 0 at the original sizes
 */
export function compressionOf(model: tf.LayersModel): Compression {
  const state = stateOf('compressionOf', model);
  const parameters = countSampled(state);
  const original = layerPlaces(model)
    .flatMap(({ layer }) => layer.weights)
    .filter(({ originalName }) => !/moving_(mean|variance)$/.test(originalName))
    .reduce((sum, { shape }) => sum + (shape as number[]).reduce((a, b) => a * b, 1), 0);
  return { parameters, original, compression: 1 - parameters / original };
}

/** What a model may cost: exactly one of these. */
export interface Budget {
  /** Trainable values. */
  parameters?: number;
  /** Multiplications with an addition for one sample. */
  multiplyAdds?: number;
  /** Share of the parameters removed, from 0 to below 1. */
  compression?: number;
  /** Milliseconds of one forward pass over `input`, measured on the engine that is set. */
  milliseconds?: number;
  /** What a pass is measured with; needed for milliseconds. */
  input?: tf.Tensor;
  /** Ids of the groups that may shrink. Default all that can. */
  groups?: readonly string[];
}

const targetNames = ['parameters', 'multiplyAdds', 'compression', 'milliseconds'] as const;

/** Finds the largest share whose cost is within the limit. */
function search(cost: (share: number) => number, limit: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    if (cost(middle) <= limit) low = middle;
    else high = middle;
  }
  return low;
}

function multiplyAdds(state: IntegralState): number {
  const plain = state.sizer.build(sizesOf(state));
  const found = costs(plain).multiplyAdds;
  plain.dispose();
  if (found !== null) return found;
  throw new Error(
    `resizeToBudget: the multiply-adds of '${state.model.name}' cannot be told; give another target.`,
  );
}

function milliseconds(model: tf.LayersModel, input: tf.Tensor): number {
  const times = Array.from({ length: 4 }, () => {
    const start = performance.now();
    tf.tidy(() => (model.apply(input) as tf.Tensor).dataSync());
    return performance.now() - start;
  });
  // The first pass warms up.
  return Math.min(...times.slice(1));
}

/**
 * Resizes an integral model to a global target: all groups keep the same share, the largest that fits.
 * @param model An integral model; changed in place.
 * @param budget Parameters, multiply-adds, share removed, or milliseconds a pass.
 * @returns The model.
 * @throws RangeError When not exactly one target is given, or even one channel a group is too much.
 * @example
 * compressionOf(resizeToBudget(integral, { compression: 0.4 })).compression; // at least 0.4, by less than a channel
 */
export function resizeToBudget(model: tf.LayersModel, budget: Budget): tf.LayersModel {
  const who = 'resizeToBudget';
  onlyOptions(who, budget, [...targetNames, 'input', 'groups']);
  const targets = targetNames.filter((name) => budget[name] !== undefined);
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    throw new RangeError(
      `${who}: give one of ${targetNames.join(', ')}; got ${targets.join(' and ') || 'none'}.`,
    );
  }
  const { input } = budget;
  if (target === 'milliseconds' && input === undefined) {
    throw new RangeError(`${who}: milliseconds are measured with an input; give one.`);
  }
  const state = stateOf(who, model);
  const groups = chosenGroups(who, state, budget.groups);
  const at = (share: number) => {
    const sizes = Object.fromEntries(groups.map(({ id, count }) => [id, sizeAt(share, count)]));
    applySizes(state, completeSizes(who, state, sizes));
  };
  const { original } = compressionOf(model);
  const value = budget[target] as number;
  const limit = target === 'compression' ? original * (1 - value) : value;
  const cost = (share: number): number => {
    at(share);
    if (target === 'milliseconds') return milliseconds(model, input as tf.Tensor);
    return target === 'multiplyAdds' ? multiplyAdds(state) : countSampled(state);
  };
  if (cost(0) > limit) {
    throw new RangeError(
      `${who}: with one channel in every group it still has ${cost(0)} ${target === 'compression' ? 'parameters' : target}; the limit was ${limit}.`,
    );
  }
  at(cost(1) <= limit ? 1 : search(cost, limit));
  storeGroups(state);
  return model;
}

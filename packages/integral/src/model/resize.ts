import type * as tf from '@tensorflow/tfjs';
import { requireCount, requireNodes } from '../arguments.ts';
import type { GroupPartition, IntegralGroup } from './group.ts';
import { isHeads } from './heads.ts';
import { fitShapes, type IntegralState, stateOf, storeGroups } from './state.ts';

/** A group of an integral model. */
export interface IntegralGroupInfo {
  id: string;
  /** Channels now. */
  size: number;
  /** Coefficients: channels of the model that was converted. */
  coefficients: number;
  /** Ids of groups that always have the same size. */
  tied: string[];
  /** Whether its channels are attention heads: it stays unless it is asked for by name. */
  heads: boolean;
  /** Weights along whose axes its channels lie. */
  weights: string[];
  partition: GroupPartition['kind'];
}

/** Groups that may be resized: not fixed, and more than one channel. */
export function freeGroups({ groups }: IntegralState): IntegralGroup[] {
  return [...groups.values()].filter(
    ({ channels }) => channels.fixed === undefined && channels.size > 1,
  );
}

/**
 * The groups of an integral model that can be resized.
 * @param model An integral model.
 * @returns One entry a group, in the order in which the model makes them.
 * @throws Error When the model is not integral.
 * @example
 * integralGroups(integral)[0].id; // conv1
 */
export function integralGroups(model: tf.LayersModel): IntegralGroupInfo[] {
  return freeGroups(stateOf('integralGroups', model)).map((group) => ({
    id: group.id,
    size: group.size,
    coefficients: group.count,
    tied: [...group.channels.tied],
    heads: isHeads(group.id),
    weights: group.channels.slots.map(({ layer, weight, axis }) => `${layer}/${weight}[${axis}]`),
    partition: group.state.partition.kind,
  }));
}

/** A size for every group, those of tied groups equal. */
export type Sizes = Readonly<Record<string, number>>;

/** Checks sizes, and gives tied groups theirs. */
export function completeSizes(
  who: string,
  state: IntegralState,
  sizes: Sizes,
): Map<string, number> {
  const found = new Map<string, number>();
  for (const [id, size] of Object.entries(sizes)) {
    const group = state.groups.get(id);
    if (group === undefined || group.channels.fixed !== undefined) {
      const why = group === undefined ? 'there is none' : `it is fixed: ${group.channels.fixed}`;
      throw new RangeError(
        `${who}: group '${id}' cannot be resized (${why}); groups that can: ${freeGroups(state)
          .map((free) => free.id)
          .join(', ')}.`,
      );
    }
    requireCount(who, `the size of '${id}'`, size);
    for (const other of [id, ...group.channels.tied]) {
      const before = found.get(other) ?? size;
      if (before !== size) {
        throw new RangeError(
          `${who}: '${id}' and '${other}' are tied and must have one size, got ${size} and ${before}.`,
        );
      }
      found.set(other, size);
    }
  }
  return found;
}

/** Sets sizes with uniform partitions, without storing them. */
export function applySizes(state: IntegralState, sizes: ReadonlyMap<string, number>): void {
  state.pool.trim();
  for (const [id, size] of sizes) {
    state.groups.get(id)?.set({ size, partition: { kind: 'uniform' } });
  }
  fitShapes(state);
}

/**
 * Resizes groups of an integral model in place: from now on it computes at these widths.
 * @param model An integral model.
 * @param sizes Channels of each group to change, by id; tied groups follow. More channels than coefficients is growing.
 * @returns The model.
 * @throws RangeError When a group is not there or fixed, or a size is below 1.
 * @example
 * resize(integral, { conv1: 8 }).predict(x); // through 8 channels in the place of 16
 */
export function resize(model: tf.LayersModel, sizes: Sizes): tf.LayersModel {
  const state = stateOf('resize', model);
  applySizes(state, completeSizes('resize', state, sizes));
  storeGroups(state);
  return model;
}

/**
 * Puts every group back to its own grid: the original sizes.
 * @param model An integral model.
 * @returns The model.
 * @throws Error When the model is not integral.
 * @example
 * resetGrids(resize(integral, { conv1: 8 })); // as converted
 */
export function resetGrids(model: tf.LayersModel): tf.LayersModel {
  const state = stateOf('resetGrids', model);
  const free = freeGroups(state);
  applySizes(state, new Map(free.map((group) => [group.id, group.count])));
  state.pool.clear();
  storeGroups(state);
  return model;
}

/** Where one group is to be sampled: a number of Gauss-Legendre nodes, or positions of your own. */
export type PartitionChoice = { gaussLegendre: number } | { positions: ArrayLike<number> };

/**
 * Samples a group (and those tied to it) at other than equally spaced places.
 * @param model An integral model; changed in place.
 * @param id The group.
 * @param choice Gauss-Legendre nodes, or ascending positions in [0, 1]: those of the most important channels
 *   (`selectedPartition`), jittered ones, any.
 * @returns The model.
 * @throws RangeError When the group is not there or fixed, or positions do not ascend within [0, 1].
 * @example
 * setPartition(integral, 'conv1', { positions: selectedPartition(importance, 8, 'cells') });
 */
export function setPartition(
  model: tf.LayersModel,
  id: string,
  choice: PartitionChoice,
): tf.LayersModel {
  const state = stateOf('setPartition', model);
  const gauss = 'gaussLegendre' in choice;
  if (!gauss) requireNodes('setPartition', choice.positions);
  const size = gauss ? choice.gaussLegendre : choice.positions.length;
  const partition: GroupPartition = gauss
    ? { kind: 'gauss-legendre' }
    : { kind: 'fixed', positions: Array.from(choice.positions) };
  for (const each of completeSizes('setPartition', state, { [id]: size }).keys()) {
    state.groups.get(each)?.set({ size, partition });
  }
  fitShapes(state);
  storeGroups(state);
  return model;
}

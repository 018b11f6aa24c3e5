import { onlyOptions } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { requireName } from '../arguments.ts';
import { jitterPartition, uniformPartition } from '../partition/fixed.ts';
import { randomSize, type SizeDistribution, sizeDistributions } from '../partition/sizes.ts';
import type { GroupState, IntegralGroup } from './group.ts';
import { isHeads } from './heads.ts';
import { freeGroups } from './resize.ts';
import { fitShapes, type IntegralState, stateOf } from './state.ts';

/** Which widths an integral model is trained at. */
export interface WidthOptions {
  /** The smallest share of a group's coefficients. Default 0.5. */
  min?: number;
  /** The largest share. Default 1. */
  max?: number;
  /** How sizes between are distributed. Default `uniform`. */
  distribution?: SizeDistribution;
  /** Each group draws a size of its own, or all the same share. Default `group`. */
  draw?: 'group' | 'model';
  /** How far positions move at random, as a share of the way to their neighbours. Default 0. */
  jitter?: number;
  /** Train at the largest and the smallest width in every step, beside the random one. Default false. */
  sandwich?: boolean;
  /** Ids of the groups that change. Default all that can. */
  groups?: readonly string[];
  /** Seed of every draw. Default 0. */
  seed?: number;
}

/** Widths with their defaults. */
export type Widths = Required<Omit<WidthOptions, 'groups'>> & Pick<WidthOptions, 'groups'>;

const names = ['min', 'max', 'distribution', 'draw', 'jitter', 'sandwich', 'groups', 'seed'];

/** Checks width options and fills in defaults. */
export function widthsOf(who: string, options: WidthOptions): Widths {
  onlyOptions(who, options, names);
  const { min = 0.5, max = 1, distribution = 'uniform', draw = 'group' } = options;
  if (!(min > 0 && min <= max && max < Infinity)) {
    throw new RangeError(
      `${who}: expected shares 0 < min <= max, got min ${min} and max ${max}; 0.5 is half of the channels.`,
    );
  }
  const { jitter = 0, sandwich = false, groups, seed = 0 } = options;
  requireName(who, 'distribution', distribution, sizeDistributions);
  requireName(who, 'draw', draw, ['group', 'model']);
  return { min, max, distribution, draw, jitter, sandwich, seed, ...(groups && { groups }) };
}

/** Where every changing group is sampled during one pass. */
export type Setting = ReadonlyMap<string, GroupState>;

/** A size from a share of the coefficients. */
export function sizeAt(share: number, count: number): number {
  return Math.max(1, Math.round(share * count));
}

/** Ids of tied groups are one: the first of them. */
function leader({ groups }: IntegralState, id: string): string {
  return [id, ...(groups.get(id)?.channels.tied ?? [])].sort()[0] as string;
}

/** The groups a choice of ids names; those tied to them come along. */
export function chosenGroups(
  who: string,
  state: IntegralState,
  ids?: readonly string[],
): IntegralGroup[] {
  const free = freeGroups(state);
  if (ids === undefined) return free.filter(({ id }) => !isHeads(id));
  const wanted = new Set(ids.flatMap((id) => [id, ...(state.groups.get(id)?.channels.tied ?? [])]));
  const unknown = ids.find((id) => !free.some((group) => group.id === id));
  if (unknown !== undefined) {
    throw new RangeError(
      `${who}: there is no group '${unknown}' to resize; groups: ${free.map(({ id }) => id).join(', ')}.`,
    );
  }
  return free.filter(({ id }) => wanted.has(id));
}

/**
 * The settings of one training step: a random one, and with `sandwich` the largest and smallest before it.
 * They depend on the seed and the step alone.
 */
export function settingsOf(state: IntegralState, widths: Widths, step: number): Setting[] {
  const { min, max, distribution, draw, jitter, seed, sandwich } = widths;
  const groups = chosenGroups('widths', state, widths.groups);
  const { alignment } = state.metadata.sampling.interpolation;
  const fixed = (share: number): Setting =>
    new Map(
      groups.map(({ id, count }) => [
        id,
        { size: sizeAt(share, count), partition: { kind: 'uniform' as const } },
      ]),
    );
  // One fine ruler for all groups, so that a share means the same in each.
  const ruler = 4096;
  const range = { min: Math.round(min * ruler), max: Math.round(max * ruler), distribution };
  const whole = randomSize(range, seed, `${step}`) / ruler;
  const random = new Map(
    groups.map(({ id, count }): [string, GroupState] => {
      const name = `${step}/${leader(state, id)}`;
      const limits = { min: sizeAt(min, count), max: sizeAt(max, count), distribution };
      const size = draw === 'model' ? sizeAt(whole, count) : randomSize(limits, seed, name);
      if (jitter === 0) return [id, { size, partition: { kind: 'uniform' } }];
      const positions = jitterPartition(uniformPartition(size, alignment), { jitter, seed, name });
      return [id, { size, partition: { kind: 'fixed', positions: [...positions] } }];
    }),
  );
  return sandwich ? [fixed(max), fixed(min), random] : [random];
}

/** Samples groups at a setting, without storing it. */
export function applySetting(state: IntegralState, setting: Setting): void {
  state.pool.trim();
  for (const [id, group] of setting) state.groups.get(id)?.set(group);
  fitShapes(state);
}

/** Where every group is sampled, to be put back later. */
export function settingNow(state: IntegralState): Setting {
  return new Map([...state.groups].map(([id, group]) => [id, group.state]));
}

/**
 * Samples an integral model at a random width, as one step of training does.
 * @param model An integral model; its weights stay, `resetGrids` puts its width back.
 * @param step Which step: the same step and seed give the same width.
 * @param options Range, distribution, seed.
 * @returns The model.
 * @throws RangeError When an option is out of range.
 * @example
 * drawWidth(integral, 0, { min: 0.25, seed: 1 }); // every group at a size from a quarter of its coefficients to all
 */
export function drawWidth(
  model: tf.LayersModel,
  step: number,
  options: WidthOptions = {},
): tf.LayersModel {
  const state = stateOf('drawWidth', model);
  const settings = settingsOf(state, widthsOf('drawWidth', options), step);
  applySetting(state, settings.at(-1) as Setting);
  return model;
}

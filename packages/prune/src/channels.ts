import {
  type ChannelGroup,
  type Costs,
  channelGraph,
  costs,
  costsOf,
  keepChannels,
} from '@pleat/channels';
import { onlyOptions, requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { costIn, fitBudget, type Resource, type SizesById, type Unit } from './budget.ts';
import type { CriterionContext } from './criteria/criterion.ts';
import { type ChannelCriterionName, chooseCriterion } from './criteria/registry.ts';
import { type FeatureData, featureStatistics } from './features.ts';
import { inLeague, type League } from './league.ts';

/** How channels are pruned. */
export interface PruneChannelsOptions {
  /** How channels are judged. Default `l1`. */
  criterion?: ChannelCriterionName;
  /** Share of the whole model's `of` that is removed, 0 .. 1 (exclusive). Give this or `budgets`. */
  compression?: number;
  /** What the share is counted in. Default `parameters`. */
  of?: Resource;
  /** Which groups are cut. Default `uniform`. */
  league?: League;
  /** Cut only these groups (then the league says nothing). Groups of dims within heads are cut only when named. */
  groups?: readonly string[];
  /** Share of each named group's channels that is removed, in the place of `compression`. */
  budgets?: Readonly<Record<string, number>>;
  /** Inputs over which feature maps are watched, for `mean`, `variance` and `zeros`. */
  data?: FeatureData;
  /** Samples of `data` that go through the model at once. Default 64. */
  batchSize?: number;
  /** Seed of `random`. Default 0. */
  seed?: number;
}

/** What was done to one group. */
export interface PrunedGroup {
  id: string;
  size: number;
  /** Channels kept and removed, ascending. */
  kept: number[];
  removed: number[];
}

/** What pruning did. */
export interface PruneChannelsReport {
  criterion: ChannelCriterionName;
  league: League;
  of: Resource;
  /** Shares that are gone: what was reached. */
  compression: { parameters: number; multiplyAdds: number | null };
  before: Costs;
  after: Costs;
  groups: PrunedGroup[];
  /** Groups that were left whole because no feature map of theirs can be watched. */
  unwatched: string[];
}

const optionNames = [
  'criterion',
  'compression',
  'of',
  'league',
  'groups',
  'budgets',
  'data',
  'batchSize',
  'seed',
] as const satisfies (keyof PruneChannelsOptions)[];

const who = 'pruneChannels';

function checkOptions(options: PruneChannelsOptions): void {
  onlyOptions(who, options, optionNames);
  const { compression, budgets, of = 'parameters', league = 'uniform', seed = 0 } = options;
  if ((compression === undefined) === (budgets === undefined)) {
    throw new RangeError(
      `${who}: give either compression (a share of the model) or budgets (by group).`,
    );
  }
  for (const [name, share] of Object.entries({ compression, ...budgets })) {
    if (share === undefined || (share >= 0 && share < 1)) continue;
    throw new RangeError(
      `${who}: ${name} is the share removed, at least 0 and below 1; found ${share}.`,
    );
  }
  if (of !== 'parameters' && of !== 'multiplyAdds') {
    throw new RangeError(
      `${who}: of must be 'parameters' or 'multiplyAdds', found ${JSON.stringify(of)}.`,
    );
  }
  if (league !== 'uniform' && league !== 'last-stage') {
    throw new RangeError(
      `${who}: league must be 'uniform' or 'last-stage', found ${JSON.stringify(league)}.`,
    );
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`${who}: seed must be a whole number of at least 0, found ${seed}.`);
  }
}

/** The groups that are to be cut. */
function choose(
  model: tf.LayersModel,
  groups: readonly ChannelGroup[],
  options: PruneChannelsOptions,
): ChannelGroup[] {
  const named = options.groups ?? (options.budgets && Object.keys(options.budgets));
  if (named === undefined) {
    const free = groups.filter(
      ({ fixed, size, tied }) => fixed === undefined && size > 1 && tied.length === 0,
    );
    return inLeague(model, free, options.league ?? 'uniform');
  }
  return named.map((id) => {
    const group = groups.find((each) => each.id === id);
    if (group?.fixed === undefined && group !== undefined) return group;
    const state =
      group === undefined
        ? `unknown; there are ${groups.map((each) => each.id).join(', ')}`
        : `fixed: ${group.fixed}`;
    throw new RangeError(`${who}: channel group '${id}' is ${state}.`);
  });
}

/** Tied groups become one decision. */
function unite(chosen: readonly ChannelGroup[]): Unit[] {
  const units: Unit[] = [];
  for (const { id, size, tied } of chosen) {
    if (units.some(({ ids }) => ids.includes(id))) continue;
    units.push({ ids: [id, ...tied], size });
  }
  return units;
}

function plan(
  model: tf.LayersModel,
  units: readonly Unit[],
  before: Costs,
  options: PruneChannelsOptions,
): SizesById {
  const { compression = 0, of = 'parameters', budgets } = options;
  if (budgets !== undefined) {
    return Object.fromEntries(
      units.flatMap(({ ids, size }) => {
        const share = Math.max(...ids.map((id) => budgets[id] ?? 0));
        return ids.map((id) => [id, Math.max(1, Math.round(size * (1 - share)))]);
      }),
    );
  }
  const at = costsOf(model);
  const cost = (sizes: SizesById) => costIn(of, at(sizes));
  const whole = costIn(of, before);
  const budget = whole * (1 - compression);
  const least = cost(Object.fromEntries(units.flatMap(({ ids }) => ids.map((id) => [id, 1]))));
  if (least > budget) {
    throw new RangeError(
      `${who}: with one channel left in each of ${units.length} groups ${((100 * (whole - least)) / whole).toFixed(1)} % of the ` +
        `${of} would be gone, less than ${(100 * compression).toFixed(1)} %; ask for less, or cut more groups (league 'uniform').`,
    );
  }
  return fitBudget(units, cost, budget).sizes;
}

/** The channels with the highest scores, in their old order; of equals the first. */
function best(scores: Float64Array, count: number): number[] {
  return Array.from(scores, (score, c) => ({ score, c }))
    .sort((a, b) => b.score - a.score || a.c - b.c)
    .slice(0, count)
    .map(({ c }) => c)
    .sort((a, b) => a - b);
}

/**
 * Removes the channels that matter least by a criterion, without any training afterwards.
 *
 * @param model Any built LayersModel; it is not changed.
 * @param options Criterion, share, league, data, seed; see `PruneChannelsOptions`.
 * @returns A new, smaller, plain model, not compiled, and a report of what went and what it costs before and after.
 * @throws RangeError When an option does not fit, or the share cannot be reached.
 * @throws Error When a group has weights that are not finite, or multiply-adds cannot be told.
 * @example
 * const { model: small, report } = await pruneChannels(model, { criterion: 'l1', compression: 0.4 });
 * report.compression.parameters; // as near to 0.4 as whole channels come
 */
export async function pruneChannels(
  model: tf.LayersModel,
  options: PruneChannelsOptions = {},
): Promise<{ model: tf.LayersModel; report: PruneChannelsReport }> {
  requireModel(who, model);
  checkOptions(options);
  const { criterion: name = 'l1', of = 'parameters', league = 'uniform', seed = 0 } = options;
  const criterion = chooseCriterion(name);
  const before = costs(model);
  const { groups } = channelGraph(model);
  let chosen = choose(model, groups, options);
  const byId = new Map(groups.map((group) => [group.id, group]));
  let features: Awaited<ReturnType<typeof featureStatistics>> = new Map();
  let unwatched: string[] = [];
  if (criterion.needsData) {
    if (options.data === undefined) {
      throw new RangeError(`${who}: '${name}' looks at feature maps; give inputs as data.`);
    }
    const all = new Set(chosen.flatMap(({ id, tied }) => [id, ...tied]));
    features = await featureStatistics(
      model,
      groups.filter(({ id }) => all.has(id)),
      options.data,
      options.batchSize,
    );
    const seen = ({ id, tied }: ChannelGroup) => [id, ...tied].every((each) => features.has(each));
    unwatched = chosen.filter((group) => !seen(group)).map(({ id }) => id);
    chosen = chosen.filter(seen);
  }
  if (chosen.length === 0) {
    throw new RangeError(`${who}: the model '${model.name}' has no channels that can be removed.`);
  }
  const sizes = plan(model, unite(chosen), before, options);
  const pruned = Object.entries(sizes).map(([id, size]): PrunedGroup => {
    const group = byId.get(id) as ChannelGroup;
    const context: CriterionContext = { model, features: features.get(id) ?? null, seed };
    const scores = criterion.scores(group, context);
    if (!scores.every(Number.isFinite)) {
      throw new Error(
        `${who}: '${name}' finds values that are not finite in '${id}'; the model is broken.`,
      );
    }
    const kept = best(scores, size);
    const all = Array.from(scores, (_, c) => c);
    return { id, size: group.size, kept, removed: all.filter((c) => !kept.includes(c)) };
  });
  const small = keepChannels(model, Object.fromEntries(pruned.map(({ id, kept }) => [id, kept])));
  const after = costs(small);
  const share = (was: number, is: number) => (was === 0 ? 0 : (was - is) / was);
  const compression = {
    parameters: share(before.parameters, after.parameters),
    multiplyAdds:
      before.multiplyAdds === null || after.multiplyAdds === null
        ? null
        : share(before.multiplyAdds, after.multiplyAdds),
  };
  return {
    model: small,
    report: { criterion: name, league, of, compression, before, after, groups: pruned, unwatched },
  };
}

import type { ChannelCriterion } from './criterion.ts';
import { mean, variance, zeros } from './features.ts';
import { l1, l2, random } from './filters.ts';

/** Every criterion of `pruneChannels`. */
export const channelCriteria = ['random', 'l1', 'l2', 'mean', 'variance', 'zeros'] as const;

/** A criterion of `pruneChannels`. */
export type ChannelCriterionName = (typeof channelCriteria)[number];

const criteria: Readonly<Record<ChannelCriterionName, ChannelCriterion>> = {
  random,
  l1,
  l2,
  mean,
  variance,
  zeros,
};

/** The criterion of a name. */
export function chooseCriterion(name: string): ChannelCriterion {
  if (Object.hasOwn(criteria, name)) return criteria[name as ChannelCriterionName];
  throw new RangeError(
    `pruneChannels: criterion must be one of ${channelCriteria.join(', ')}; found ${JSON.stringify(name)}.`,
  );
}

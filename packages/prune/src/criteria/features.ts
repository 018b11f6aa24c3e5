import type { FeatureStatistics } from '../features.ts';
import type { ChannelCriterion } from './criterion.ts';

function statistic(
  name: Exclude<keyof FeatureStatistics, 'samples'>,
  sign: 1 | -1,
): ChannelCriterion {
  return {
    needsData: true,
    scores: (_, { features }) => (features as FeatureStatistics)[name].map((value) => sign * value),
  };
}

/** The mean magnitude of a channel where it is read (Molchanov et al., "Pruning convolutional neural networks", ICLR 2017). */
export const mean: ChannelCriterion = statistic('mean', 1);

/** How much it varies over images and positions (Polyak and Wolf, "Channel-level acceleration", IEEE Access 2015). */
export const variance: ChannelCriterion = statistic('variance', 1);

/** Average percentage of zeros: channels that are mostly zero go (Hu et al., "Network trimming", 2016, arXiv 1607.03250). */
export const zeros: ChannelCriterion = statistic('zeros', -1);

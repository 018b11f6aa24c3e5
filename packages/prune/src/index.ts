export type { Resource } from './budget.ts';
export {
  type PruneChannelsOptions,
  type PruneChannelsReport,
  type PrunedGroup,
  pruneChannels,
} from './channels.ts';
export { type ChannelCriterionName, channelCriteria } from './criteria/registry.ts';
export { type FeatureData, type FeatureStatistics, featureStatistics } from './features.ts';
export type { League } from './league.ts';
export { type PruneWeightsOptions, type PruneWeightsReport, pruneWeights } from './weights.ts';

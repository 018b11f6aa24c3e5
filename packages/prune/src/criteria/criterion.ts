import type { ChannelGroup } from '@pleat/channels';
import type * as tf from '@tensorflow/tfjs';
import type { FeatureStatistics } from '../features.ts';

/** What a criterion may look at. */
export interface CriterionContext {
  model: tf.LayersModel;
  /** Statistics of the group's feature maps over the data; null for a criterion that asks for none. */
  features: FeatureStatistics | null;
  seed: number;
}

/** A way to tell which channels matter: those with the lowest scores go first. */
export interface ChannelCriterion {
  /** Whether it looks at feature maps over data. */
  needsData: boolean;
  /** One finite score a channel. */
  scores(group: ChannelGroup, context: CriterionContext): Float64Array;
}

import { channelSlices } from '@pleat/channels';
import { rng, stream } from '@pleat/random';
import type { ChannelCriterion } from './criterion.ts';

/**
 * The norm of what makes a channel: its filters' weights, in every kernel that has the channel as an output, each kernel's
 * norm divided by that of a filter of ones, so that they have equal say.
 */
function filterNorm(power: 1 | 2): ChannelCriterion {
  return {
    needsData: false,
    scores(group, { model }) {
      const { slices } = channelSlices(model, group, { roles: ['output', 'depthwise'] });
      const scores = new Float64Array(group.size);
      for (const { data, shape } of slices) {
        const width = shape[1] as number;
        for (let c = 0; c < group.size; c++) {
          let sum = 0;
          for (let i = 0; i < width; i++) sum += Math.abs(data[c * width + i] as number) ** power;
          scores[c] = (scores[c] as number) + (sum / width) ** (1 / power);
        }
      }
      return scores;
    },
  };
}

/** Li et al., "Pruning filters for efficient convnets", ICLR 2017: the sum of absolute weights. */
export const l1: ChannelCriterion = filterNorm(1);

/** The root of the sum of squared weights (He et al., "Soft filter pruning", IJCAI 2018). */
export const l2: ChannelCriterion = filterNorm(2);

/** Scores without meaning, from a stream of the group's own: the control every criterion must beat. */
export const random: ChannelCriterion = {
  needsData: false,
  scores(group, { seed }) {
    const draws = rng(stream(seed, `prune ${group.id}`));
    return Float64Array.from({ length: group.size }, () => draws.uniform());
  },
};

import { Option } from 'commander';
import { share, whole } from '../cli/options.ts';

/** What may be pruned: channels by these criteria, or single weights by those. */
const channelCriteria = ['l1', 'l2', 'random', 'mean', 'variance', 'zeros'] as const;
const weightCriteria = ['magnitude', 'random-weights'] as const;

type ChannelCriterion = (typeof channelCriteria)[number];
type WeightCriterion = (typeof weightCriteria)[number];

/** What is pruned, and how. */
export interface PrunePlan {
  compression: number;
  criterion: ChannelCriterion | WeightCriterion;
  league: 'uniform' | 'last-stage';
  of: 'parameters' | 'multiply-adds';
  scope: 'global' | 'layer';
  images: number;
  seed: number;
}

/** Whether a criterion looks at feature maps. */
export const needsImages = (criterion: PrunePlan['criterion']): boolean =>
  ['mean', 'variance', 'zeros'].includes(criterion);

/** Whether a criterion chooses single weights. */
export const isOfWeights = (criterion: PrunePlan['criterion']): criterion is WeightCriterion =>
  (weightCriteria as readonly string[]).includes(criterion);

/** The options that say what is pruned. */
export function pruneOptions(): Option[] {
  return [
    new Option('--compression <share>', 'share of the model that is removed')
      .argParser(Number)
      .makeOptionMandatory(),
    new Option('--criterion <name>', 'what goes first')
      .choices([...channelCriteria, ...weightCriteria])
      .default('l1'),
    new Option('--league <name>', 'which channels are cut')
      .choices(['uniform', 'last-stage'])
      .default('uniform'),
    new Option('--of <cost>', 'what the share counts')
      .choices(['parameters', 'multiply-adds'])
      .default('parameters'),
    new Option('--scope <name>', 'for single weights: over the model, or in each layer')
      .choices(['global', 'layer'])
      .default('global'),
    new Option('--images <number>', 'training images over which feature maps are watched')
      .argParser(Number)
      .default(512),
    new Option('--seed <number>', 'of the random criteria').argParser(Number).default(0),
  ];
}

/**
 * What the options say.
 *
 * @throws UsageError when a number is out of its range
 */
export function planIn(flags: Record<string, unknown>): PrunePlan {
  const { criterion, league, of, scope } = flags as unknown as PrunePlan;
  return {
    compression: share(flags, 'compression'),
    ...{ criterion, league, of, scope },
    images: whole(flags, 'images', 1),
    seed: whole(flags, 'seed', 0),
  };
}

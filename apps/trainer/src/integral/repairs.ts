import { Option } from 'commander';
import { UsageError } from '../cli/errors.ts';

/** What may be done to a resampled model before it is stored or measured. */
const repairNames = ['none', 'rescale', 'statistics', 'least-squares'] as const;

/** One of them. */
export type RepairName = (typeof repairNames)[number];

/** Whether a repair looks at images. */
export const needsImages = (repair: RepairName): boolean =>
  repair === 'statistics' || repair === 'least-squares';

/**
 * The options of repairs, for commands that make models narrower.
 *
 * @param several whether more than one may be named, to compare them
 */
export function repairOptions({ several = false } = {}): Option[] {
  return [
    new Option(
      several ? '--repair <how...>' : '--repair <how>',
      'mend what resampling changed: variances without data, statistics of norms, or layers by least squares',
    )
      .choices(repairNames)
      .default(several ? ['none'] : 'none'),
    new Option('--repair-batches <number>', 'unlabelled batches of 100 training images for it')
      .default(8)
      .argParser(Number),
  ];
}

/** Checks the options of a repair. */
export function repairIn<Choice = RepairName>({
  repair,
  repairBatches,
}: Record<string, unknown>): {
  repair: Choice;
  batches: number;
} {
  const batches = repairBatches as number;
  if (!Number.isInteger(batches) || batches < 1) {
    throw new UsageError('--repair-batches takes a whole number of at least 1.');
  }
  return { repair: repair as Choice, batches };
}

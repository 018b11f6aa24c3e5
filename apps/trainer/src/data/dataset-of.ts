import { type Dataset, type LoadOptions, loadDataset } from '@pleat/datasets';
import { UsageError } from '../cli/errors.ts';
import { datasetNames } from '../config/schema.ts';
import { didYouMean } from '../config/suggest.ts';
import type { ModelMetadata } from '../files/pleat.ts';

type DatasetName = (typeof datasetNames)[number];

/**
 * The data set that the flags or a file name, or null when neither does.
 *
 * @throws UsageError when there is none of that name
 */
export function datasetNamed(
  { dataset: flag }: Record<string, unknown>,
  { dataset: stored }: ModelMetadata,
): DatasetName | null {
  const name = (flag as string | undefined) ?? stored;
  if (name === undefined) return null;
  if (!(datasetNames as readonly string[]).includes(name)) {
    throw new UsageError(
      `--dataset takes one of ${datasetNames.join(', ')}, found "${name}"${didYouMean(name, datasetNames) || '.'}`,
    );
  }
  return name as DatasetName;
}

/** How the training images were divided when a model was trained, as far as its file says. */
function splitOf(metadata: ModelMetadata): LoadOptions {
  return {
    ...(typeof metadata.validation === 'number' && { validation: metadata.validation }),
    ...(metadata.holdOut === 'last' && { holdOut: metadata.holdOut }),
    ...(typeof metadata.seed === 'number' && { seed: metadata.seed }),
  };
}

/**
 * The data set a model is measured on: the one its file names, split as when it was trained.
 *
 * @throws UsageError when neither the file nor the flags name a data set there is
 */
export async function datasetOf(
  file: string,
  metadata: ModelMetadata,
  flags: Record<string, unknown>,
): Promise<{ name: DatasetName; dataset: Dataset }> {
  const name = datasetNamed(flags, metadata);
  if (name === null) {
    throw new UsageError(
      `${file} does not say which data set it was trained on; name one with --dataset.`,
    );
  }
  const dataset = await loadDataset(name, {
    ...(flags.data !== undefined && { data: flags.data as string }),
    ...splitOf(metadata),
  });
  return { name, dataset };
}

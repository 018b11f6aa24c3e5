import { type Batches, batches, type Dataset, loadDataset } from '@pleat/datasets';
import { errorSentence, UsageError } from '../cli/errors.ts';
import { augmentSteps } from '../config/augmentation.ts';
import type { TrainConfig } from '../config/schema.ts';

/** Steps an epoch takes: whole batches only, so that batch statistics never come from a few images. */
export function stepsPerEpoch(config: TrainConfig, dataset: Dataset): number {
  return Math.floor(dataset.train.length / config.batch);
}

/** The training batches of one epoch, from `startBatch` on. */
export function trainingBatches(
  config: TrainConfig,
  dataset: Dataset,
  { epoch, startBatch }: { epoch: number; startBatch: number },
): Batches {
  return batches(dataset.train, {
    shape: dataset.shape,
    batchSize: config.batch,
    seed: config.seed,
    epoch,
    startBatch,
    shuffle: true,
    dropRemainder: true,
    augment: augmentSteps(config.augmentation),
    normalize: { mean: dataset.mean, std: dataset.std },
    workers: config.workers,
  });
}

/** The data set with the first training images alone. */
export function firstImages(dataset: Dataset, count: number): Dataset {
  const { train, shape } = dataset;
  const length = Math.min(count, train.length);
  const pixels = shape[0] * shape[1] * shape[2];
  const images = train.images.subarray(0, length * pixels);
  return { ...dataset, train: { images, labels: train.labels.subarray(0, length), length } };
}

/**
 * The data set of a run.
 *
 * @throws UsageError when a batch is larger than the training split, or an augmentation step is wrong
 */
export async function loadData(
  config: TrainConfig,
  onProgress: (text: string) => void = () => undefined,
): Promise<Dataset> {
  let announced = '';
  const loaded = await loadDataset(config.dataset, {
    download: config.download,
    validation: config.validation,
    holdOut: config.holdOut,
    seed: config.seed,
    ...(config.data !== undefined && { data: config.data }),
    onProgress: ({ file }) => {
      if (file !== announced) onProgress(`Downloading ${file} ...`);
      announced = file;
    },
  });
  const dataset = config.limit === undefined ? loaded : firstImages(loaded, config.limit);
  if (config.batch > dataset.train.length) {
    throw new UsageError(
      `--batch is ${config.batch}, but there are only ${dataset.train.length} training images; lower it.`,
    );
  }
  try {
    // Wrong augmentation options show before the run begins, not at its first step.
    await trainingBatches({ ...config, workers: 0 }, dataset, { epoch: 0, startBatch: 0 }).close();
  } catch (error) {
    throw new UsageError(`--augmentation: ${errorSentence(error)}`);
  }
  return dataset;
}

import { join } from 'node:path';
import type { Dataset } from '@pleat/datasets';
import { pruneWeights } from '@pleat/prune';
import type * as tf from '@tensorflow/tfjs';
import type { TrainConfig } from '../config/schema.ts';
import type { SavedTensor } from '../run/checkpoint.ts';
import { type RunPaths, runPaths } from '../run/folder.ts';
import type { RoundSummary } from '../run/summary.ts';
import { readWeights } from '../run/tensors.ts';
import { buildModel } from './build.ts';
import type { Round } from './rounds.ts';
import { restoreWeights, saveWeights } from './weights.ts';

/** Files of a round that is not the last. */
export function roundFiles(paths: RunPaths, round: number) {
  const own = runPaths(join(paths.rounds, String(round)));
  return {
    paths: own,
    /** What it ended with; there only when it is finished. */
    weights: join(own.root, 'weights.bin'),
    /** What it had at the epoch that tickets go back to. */
    rewind: join(own.root, 'rewind.bin'),
  };
}

// Far from the seeds people count up from 0.
const otherSeed = 1_000_000_007;

/** What the ticket's weights were before training: at the start, at an early epoch, or other random ones. */
async function origin(
  config: TrainConfig,
  dataset: Dataset,
  paths: RunPaths,
  from: Round['from'],
): Promise<SavedTensor[]> {
  if (from === 'rewound' && config.rewind! > 0) {
    return (await readWeights(roundFiles(paths, 0).rewind)).weights;
  }
  const seed = from === 'reinitialised' ? config.seed + otherSeed : config.seed;
  const model = buildModel({ ...config, seed }, dataset);
  try {
    return await saveWeights(model);
  } finally {
    model.dispose();
  }
}

/** Zeros of a pruned weight, put into another of its shape. */
function masked(values: SavedTensor, by: SavedTensor): SavedTensor {
  if (values.shape.length < 2) return values;
  const kept = values.values.map((value, i) => (by.values[i] === 0 ? 0 : value));
  return { shape: values.shape, values: kept };
}

/**
 * Sets a freshly built model to what a round begins with, from the files of the rounds before it.
 *
 * @param index of the round; 0 leaves the model as it is
 */
export async function startRound(
  model: tf.LayersModel,
  { config, dataset, paths }: { config: TrainConfig; dataset: Dataset; paths: RunPaths },
  { compression, from }: Round,
  index: number,
): Promise<void> {
  if (index === 0) return;
  const before = await readWeights<RoundSummary>(roundFiles(paths, index - 1).weights);
  restoreWeights(model, before.weights);
  const { criterion, scope, seed } = config;
  const { model: sparse } = pruneWeights(model, {
    compression,
    seed,
    ...(criterion !== undefined && { criterion }),
    ...(scope !== undefined && { scope }),
  });
  const pruned = await saveWeights(sparse);
  sparse.dispose();
  if (from === 'trained') return restoreWeights(model, pruned);
  const start = await origin(config, dataset, paths, from);
  restoreWeights(
    model,
    start.map((values, i) => masked(values, pruned[i]!)),
  );
}

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../src/config/resolve.ts';
import type { TrainConfig } from '../src/config/schema.ts';
import { loadCheckpoint } from '../src/run/checkpoint.ts';
import { runPaths } from '../src/run/folder.ts';
import { openMetrics } from '../src/run/metrics.ts';
import { buildModel, buildOptimizer, buildSchedule } from '../src/train/build.ts';
import { loadData, stepsPerEpoch } from '../src/train/data.ts';
import type { TrainRun } from '../src/train/loop.ts';
import { buildObjective } from '../src/train/objective.ts';
import type { SignalWatch } from '../src/train/signals.ts';
import { restoreWeights } from '../src/train/weights.ts';

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'pleat-run-'));

/** A run small enough for the cpu engine: 96 images, a ConvMixer of 4 channels. */
const tinyOptions = {
  dim: 4,
  depth: 1,
  patchSize: 7,
  kernelSize: 3,
  limit: 96,
  batch: 16,
  epochs: 2,
  validation: 50,
  workers: 0,
  engine: 'cpu',
  checkpointEvery: 4,
  logEvery: 1,
};

const silentSignals = (): SignalWatch => ({
  signal: null,
  check: () => undefined,
  stop: () => undefined,
});

/** A run in `folder`, from its checkpoint when there is one. */
export async function openRun(
  folder: string,
  options: Record<string, unknown> = {},
  changes: Partial<TrainRun> = {},
): Promise<TrainRun> {
  const merged = { ...tinyOptions, ...options };
  const config: TrainConfig = resolveConfig({ options: merged, origin: 'the test' });
  const dataset = await loadData(config);
  const paths = runPaths(folder);
  const checkpoint = await loadCheckpoint(paths.checkpoint);
  const model = buildModel(config, dataset);
  const total = config.epochs * stepsPerEpoch(config, dataset);
  const optimizer = buildOptimizer(config, total);
  if (checkpoint) {
    restoreWeights(model, checkpoint.weights);
    optimizer.setState(checkpoint.optimizer);
  }
  return {
    config,
    whole: config,
    earlier: [],
    dataset,
    model,
    optimizer,
    objective: await buildObjective(config, model, dataset),
    schedule: buildSchedule(config, total),
    state: checkpoint?.state ?? {
      epoch: 0,
      batch: 0,
      step: 0,
      running: { loss: 0, correct: 0, seen: 0 },
      best: null,
      seconds: 0,
    },
    bestWeights: checkpoint?.bestWeights ?? null,
    metrics: openMetrics(paths, checkpoint?.metrics),
    checkpointPath: paths.checkpoint,
    progress: { update: () => undefined, line: () => undefined, stop: () => undefined },
    signals: silentSignals(),
    ...changes,
  };
}

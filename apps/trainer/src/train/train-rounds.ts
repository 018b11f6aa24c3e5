import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Dataset } from '@pleat/datasets';
import type * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import type { Output } from '../cli/output.ts';
import type { createProgress } from '../cli/progress.ts';
import { firstDifference } from '../config/resume.ts';
import type { TrainConfig } from '../config/schema.ts';
import { removeLeftovers } from '../files/leftovers.ts';
import { type Checkpoint, loadCheckpoint, type TrainState } from '../run/checkpoint.ts';
import { type RunPaths, runFiles } from '../run/folder.ts';
import { openMetrics } from '../run/metrics.ts';
import type { RoundSummary } from '../run/summary.ts';
import { readWeights, writeWeights } from '../run/tensors.ts';
import { buildOptimizer, buildSchedule } from './build.ts';
import { stepsPerEpoch } from './data.ts';
import { type TrainRun, trainLoop } from './loop.ts';
import type { Objective } from './objective.ts';
import { type Round, roundsOf } from './rounds.ts';
import type { SignalWatch } from './signals.ts';
import { roundFiles, startRound } from './ticket.ts';
import { restoreWeights, saveWeights } from './weights.ts';

const start: TrainState = {
  epoch: 0,
  batch: 0,
  step: 0,
  running: { loss: 0, correct: 0, seen: 0 },
  best: null,
  seconds: 0,
};

async function checkpointOf(paths: RunPaths, config: TrainConfig): Promise<Checkpoint | undefined> {
  const checkpoint = await loadCheckpoint(paths.checkpoint);
  const key = checkpoint && firstDifference(checkpoint.config, config);
  if (key !== undefined) {
    throw new CliError(
      `${paths.config} and ${paths.checkpoint} disagree on "${key}"; put the old value back, or start anew with --overwrite.`,
    );
  }
  return checkpoint;
}

/** A run that is about to train, and whether it goes on. */
export interface Work {
  config: TrainConfig;
  dataset: Dataset;
  model: tf.LayersModel;
  objective: Objective;
  paths: RunPaths;
  resume: boolean;
  signals: SignalWatch;
}

/** What a finished round left, or undefined when it is to be done. */
async function finishedRound(file: string): Promise<RoundSummary | undefined> {
  return existsSync(file) ? (await readWeights<RoundSummary>(file)).metadata : undefined;
}

/** Ends a round that is not the last: its weights, in one file that says that it is finished. */
async function endRound(run: TrainRun, file: string, { compression }: Round): Promise<void> {
  const { config, model, state, bestWeights } = run;
  const best = config.select === 'best' ? bestWeights : null;
  const { step: steps, seconds, best: validation } = state;
  const metadata: RoundSummary = { steps, seconds, compression, validation };
  await writeWeights(file, { weights: best ?? (await saveWeights(model)), metadata });
}

/** Trains round after round, each in files of its own but the last, which has those of the run; returns that one. */
export async function trainRounds(
  work: Work,
  output: Output,
  showProgress: typeof createProgress,
): Promise<TrainRun> {
  const { config: whole, dataset, model, objective, paths, resume, signals } = work;
  const rounds = roundsOf(whole);
  const perEpoch = stepsPerEpoch(whole, dataset);
  const total = perEpoch * rounds.reduce((sum, { epochs }) => sum + epochs, 0);
  const earlier: RoundSummary[] = [];
  let done = 0;
  for (const [index, round] of rounds.entries()) {
    const last = index === rounds.length - 1;
    const own = roundFiles(paths, index);
    const files = last ? paths : own.paths;
    const finished = last ? undefined : await finishedRound(own.weights);
    if (finished) {
      earlier.push(finished);
      done += finished.steps;
      continue;
    }
    await mkdir(files.root, { recursive: true });
    if (!last && resume) await removeLeftovers(runFiles(files));
    const config: TrainConfig = { ...whole, epochs: round.epochs };
    const steps = round.epochs * perEpoch;
    const optimizer = buildOptimizer(config, steps, round.compression > 0);
    const checkpoint = resume ? await checkpointOf(files, config) : undefined;
    if (checkpoint) {
      restoreWeights(model, checkpoint.weights);
      optimizer.setState(checkpoint.optimizer);
      output.note(`Resuming at step ${done + checkpoint.state.step} of ${total}.`);
    } else {
      await startRound(model, { config: whole, dataset, paths }, round, index);
    }
    if (rounds.length > 1) {
      const kept = (100 * (1 - round.compression)).toFixed(1);
      output.note(`Round ${index + 1} of ${rounds.length}: ${kept} % of the kernels' weights`);
    }
    const state = structuredClone(checkpoint?.state ?? start);
    const metrics = openMetrics(files, checkpoint?.metrics);
    const before = done;
    const shown = showProgress({ total, start: done + state.step, perStep: whole.batch });
    const run: TrainRun = {
      config,
      whole,
      earlier,
      dataset,
      model,
      optimizer,
      objective,
      schedule: buildSchedule(config, steps),
      state,
      bestWeights: checkpoint?.bestWeights ?? null,
      metrics,
      checkpointPath: files.checkpoint,
      progress: { ...shown, update: (step, text) => shown.update(before + step, text) },
      signals,
    };
    if (index === 0 && (whole.rewind ?? 0) > 0) {
      run.onEpoch = async (epoch) => {
        if (epoch !== whole.rewind) return;
        await writeWeights(own.rewind, { weights: await saveWeights(model), metadata: { epoch } });
      };
    }
    try {
      await trainLoop(run);
    } finally {
      shown.stop();
      metrics.close();
    }
    if (last) return run;
    await endRound(run, own.weights, round);
    earlier.push((await finishedRound(own.weights))!);
    done += state.step;
    optimizer.dispose();
  }
  throw new Error('trainRounds: a run has at least one round');
}

import type { Dataset } from '@pleat/datasets';
import { recalibrate } from '@pleat/integral';
import { setTrainingStep } from '@pleat/mask';
import type { SlotOptimizer } from '@pleat/optim';
import type * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import type { Progress } from '../cli/progress.ts';
import type { TrainConfig } from '../config/schema.ts';
import { unlabelledBatches } from '../data/unlabelled.ts';
import { type SavedTensor, saveCheckpoint, type TrainState } from '../run/checkpoint.ts';
import type { EpochMetrics, MetricsFiles } from '../run/metrics.ts';
import type { RoundSummary } from '../run/summary.ts';
import { stepsPerEpoch, trainingBatches } from './data.ts';
import { breathe, evaluate } from './evaluate.ts';
import { trainIntegralStep } from './integral-step.ts';
import type { Objective } from './objective.ts';
import type { SignalWatch } from './signals.ts';
import { trainableVariables, trainStep } from './step.ts';
import { saveWeights } from './weights.ts';

/** A run under way. */
export interface TrainRun {
  config: TrainConfig;
  dataset: Dataset;
  model: tf.LayersModel;
  optimizer: SlotOptimizer;
  objective: Objective;
  schedule: (step: number) => number;
  state: TrainState;
  bestWeights: SavedTensor[] | null;
  /** The configuration of the whole run; `config` is that of the round under way. */
  whole: TrainConfig;
  /** Rounds that were finished before this one. */
  earlier: RoundSummary[];
  /** Called after each epoch, before it counts as done. */
  onEpoch?: (epoch: number) => Promise<void>;
  metrics: MetricsFiles;
  checkpointPath: string;
  progress: Progress;
  signals: SignalWatch;
}

async function save(run: TrainRun): Promise<void> {
  await saveCheckpoint(run.checkpointPath, {
    config: run.config,
    state: run.state,
    metrics: run.metrics.flush(),
    optimizer: run.optimizer.getState(),
    weights: await saveWeights(run.model),
    bestWeights: run.bestWeights,
  });
}

/** Saves and stops when a signal came. */
async function stopIfAsked(run: TrainRun): Promise<void> {
  if (!run.signals.signal) return;
  await save(run);
  run.signals.check();
}

function shareText(value: number | null): string {
  return value === null ? '-' : `${(value * 100).toFixed(2)} %`;
}

async function trainEpoch(run: TrainRun): Promise<void> {
  const { config, dataset, model, optimizer, schedule, state, metrics } = run;
  const variables = trainableVariables(model);
  const perEpoch = stepsPerEpoch(config, dataset);
  if (state.batch >= perEpoch) return;
  const source = trainingBatches(config, dataset, { epoch: state.epoch, startBatch: state.batch });
  try {
    for await (const batch of source) {
      const started = performance.now();
      const learningRate = schedule(state.step);
      optimizer.learningRate = learningRate;
      setTrainingStep(model, state.step, config.epochs * perEpoch);
      const input = {
        model,
        optimizer,
        variables,
        shape: dataset.shape,
        labelSmoothing: config.labelSmoothing,
        objective: run.objective,
      };
      const { loss, correct } =
        config.method === 'integral'
          ? await trainIntegralStep(input, batch, state.step, config)
          : await trainStep(input, batch);
      if (!Number.isFinite(loss)) {
        throw new CliError(
          `The loss became ${loss} at step ${state.step + 1} (learning rate ${learningRate.toPrecision(3)}); the last good state is in ${run.checkpointPath}: start anew with a lower --learning-rate.`,
        );
      }
      state.step++;
      state.batch++;
      state.running.loss += loss * batch.size;
      state.running.correct += correct;
      state.running.seen += batch.size;
      if (state.step % config.logEvery === 0) {
        metrics.step({ step: state.step, epoch: state.epoch + 1, learningRate, loss });
      }
      state.seconds += (performance.now() - started) / 1000;
      run.progress.update(
        state.step,
        `epoch ${state.epoch + 1}/${config.epochs}, loss ${loss.toFixed(3)}`,
      );
      await breathe();
      await stopIfAsked(run);
      if (state.step % config.checkpointEvery === 0 && state.batch < perEpoch) await save(run);
    }
  } finally {
    await source.close();
  }
}

const calibrationBatches = 8;

async function closeEpoch(run: TrainRun): Promise<void> {
  const { config, dataset, model, state, metrics } = run;
  if (config.method === 'integral') {
    // Steps at other widths move the norms; these are the statistics of the whole network, the same whenever they are taken.
    await recalibrate(model, unlabelledBatches(dataset, calibrationBatches, config.seed));
  }
  // Between the last batch and the end of validation a signal must not lose the epoch.
  const result =
    dataset.validation.length === 0
      ? null
      : await evaluate(model, dataset.validation, dataset, () => undefined);
  await stopIfAsked(run);
  const { running } = state;
  const row: EpochMetrics = {
    epoch: state.epoch + 1,
    step: state.step,
    learningRate: run.schedule(Math.max(0, state.step - 1)),
    trainLoss: running.loss / running.seen,
    trainAccuracy: running.correct / running.seen,
    validationLoss: result?.loss ?? null,
    validationAccuracy: result?.accuracy ?? null,
  };
  metrics.epoch(row);
  const better = config.select === 'last' || (result?.accuracy ?? 0) > (state.best?.accuracy ?? -1);
  if (result && better) {
    state.best = { epoch: row.epoch, accuracy: result.accuracy, loss: result.loss };
    if (config.select === 'best') run.bestWeights = await saveWeights(model);
  }
  state.epoch++;
  state.batch = 0;
  state.running = { loss: 0, correct: 0, seen: 0 };
  await run.onEpoch?.(row.epoch);
  await save(run);
  run.progress.line(
    `epoch ${row.epoch}/${config.epochs}: loss ${row.trainLoss.toFixed(4)}, train ${shareText(row.trainAccuracy)}, validation ${shareText(row.validationAccuracy)}`,
  );
}

/**
 * Trains to the last epoch, saving as it goes; `run.state` and the model hold the outcome.
 *
 * @throws CliError when the loss is no number any more
 * @throws InterruptedError after a signal, when the state is saved
 */
export async function trainLoop(run: TrainRun): Promise<void> {
  while (run.state.epoch < run.config.epochs) {
    await trainEpoch(run);
    await closeEpoch(run);
  }
}

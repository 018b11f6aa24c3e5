import { batches, type Dataset } from '@pleat/datasets';
import { extract, type TrainingBatch, tunePartitions } from '@pleat/integral';
import { adamw, type OptimizerState } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import type { Progress } from '../cli/progress.ts';
import { savePartial, type Unfinished } from '../files/partial.ts';
import { evaluate } from '../train/evaluate.ts';
import type { SignalWatch } from '../train/signals.ts';

/** Everything that decides the result of a tuning. */
export interface TuneSettings {
  source: string;
  /** Of the source file's bytes. */
  sourceHash: string;
  width: unknown;
  league: string;
  groups: string[];
  kind: 'trainable' | 'shared';
  knots: number;
  biases: boolean;
  norms: boolean;
  dataset: string;
  images: number;
  batch: number;
  epochs: number;
  learningRate: number;
  seed: number;
  engine: string;
}

/** How far a tuning is, as its file says. */
export interface TuneState {
  settings: TuneSettings;
  step: number;
  losses: number[];
  before: number | null;
  optimizer: { step: number; slots: { name: string; step: number; values: number[][] }[] } | null;
}

/** A tuning under way: a model that is tuned so far, and what is known beside it. */
export type Tuning = Unfinished<TuneState>;

const plainState = ({ step, slots }: OptimizerState): TuneState['optimizer'] => ({
  step,
  slots: slots.map(({ name, step: own, values }) => ({
    name,
    step: own,
    values: values.map((slot) => [...slot]),
  })),
});

/** Batches from a step on, until `stop` says so or as many as wanted are given. */
async function* batchesFrom(
  { train, shape, mean, std }: Dataset,
  { batch: batchSize, seed }: TuneSettings,
  first: number,
  count: number,
  stop: () => boolean,
): AsyncGenerator<TrainingBatch> {
  const perEpoch = Math.floor(train.length / batchSize);
  let left = count;
  for (let step = first; left > 0; ) {
    const source = batches(train, {
      shape,
      batchSize,
      seed,
      epoch: Math.floor(step / perEpoch),
      startBatch: step % perEpoch,
      shuffle: true,
      dropRemainder: true,
      normalize: { mean, std },
      workers: 0,
    });
    try {
      for await (const { images, labels, size } of source) {
        if (stop()) return;
        yield { x: tf.tensor4d(images, [size, ...shape]), y: tf.tensor1d(labels, 'int32') };
        step++;
        if (--left === 0) return;
      }
    } finally {
      await source.close();
    }
  }
}

/** Steps a tuning takes. */
export function tuningSteps(settings: TuneSettings, { train }: Dataset): number {
  return settings.epochs * Math.floor(train.length / settings.batch);
}

/** Accuracy on the validation images at the width of now; null without such images. */
export async function accuracyOf(
  model: tf.LayersModel,
  dataset: Dataset,
  signals: SignalWatch,
): Promise<number | null> {
  if (dataset.validation.length === 0) return null;
  const plain = extract(model);
  try {
    return (await evaluate(plain, dataset.validation, dataset, () => signals.check())).accuracy;
  } finally {
    plain.dispose();
  }
}

/**
 * Tunes to the last step, saving as it goes.
 *
 * @param every steps between saves; however it is cut, the result is the same
 * @throws InterruptedError after a signal, when all is saved
 */
export async function runTuning(
  tuning: Tuning,
  dataset: Dataset,
  out: string,
  { every, progress, signals }: { every: number; progress: Progress; signals: SignalWatch },
): Promise<void> {
  const { model, state } = tuning;
  const { settings } = state;
  const { groups, kind, knots, biases, norms, learningRate } = settings;
  const total = tuningSteps(settings, dataset);
  while (state.step < total) {
    const count = Math.min(every, total - state.step);
    const optimizer = adamw({ learningRate, weightDecay: 0 });
    if (state.optimizer !== null) {
      const { step, slots } = state.optimizer;
      const values = (slot: number[][]) => slot.map((each) => Float32Array.from(each));
      optimizer.setState({ step, slots: slots.map((s) => ({ ...s, values: values(s.values) })) });
    }
    const before = state.step;
    const source = batchesFrom(dataset, settings, before, count, () => signals.signal !== null);
    const losses = await tunePartitions(model, source, {
      optimizer,
      kind,
      knots,
      biases,
      norms,
      groups,
      onStep: (step, loss) => progress.update(before + step, `loss ${loss.toFixed(3)}`),
    });
    state.step += losses.length;
    state.losses.push(...losses);
    state.optimizer = plainState(optimizer.getState());
    optimizer.dispose();
    await savePartial(out, tuning);
    signals.check();
  }
}

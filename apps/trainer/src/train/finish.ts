import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@pleat/codec/node';
import type { Split } from '@pleat/datasets';
import { decodeModel, encodeModel, inspectModel } from '@pleat/mask';
import type * as tf from '@tensorflow/tfjs';
import { version } from '../cli/version.ts';
import { modelName } from '../config/name.ts';
import type { TrainConfig } from '../config/schema.ts';
import { calibrationImages, decodeCalibrated } from '../data/calibration.ts';
import type { StartedEngine } from '../engines/types.ts';
import type { ModelMetadata } from '../files/pleat.ts';
import { measureWidths, type WidthPlan, type WidthRow } from '../integral/measure-widths.ts';
import { writeReport } from '../report/report.ts';
import { type RunPaths, writeJson } from '../run/folder.ts';
import type { Summary } from '../run/summary.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type { TrainRun } from './loop.ts';
import { roundsOf } from './rounds.ts';
import { restoreWeights } from './weights.ts';

const methodKeys = [
  'method',
  'strategy',
  'ratio',
  'distribution',
  'offset',
  'rescale',
  'learner',
  'keep',
  'scope',
  'cut',
  'bitPrice',
  'frozenKept',
  'frozenDropped',
  'fold',
  'scales',
  'distillWeight',
  'compression',
  'criterion',
  'fineTune',
  'rounds',
  'rewind',
  'reinit',
  'kept',
  'estimator',
  'balance',
  'from',
  'order',
  'minWidth',
  'widthDistribution',
  'widthDraw',
  'jitter',
  'sandwich',
  'selfDistill',
] as const;

/** Methods whose files hold no mask. */
const unmasked: ReadonlySet<TrainConfig['method']> = new Set(['dense', 'integral']);

function metadataOf({ config, dataset, state, model }: TrainRun): ModelMetadata {
  // What makes an integral model one.
  const { integral } = (model.getUserDefinedMetadata() ?? {}) as { integral?: object };
  const method = methodKeys.flatMap((key) =>
    config[key] === undefined ? [] : [[key, config[key]]],
  );
  return {
    producer: `pleat ${version}`,
    model: modelName(config),
    dataset: dataset.name,
    classes: dataset.classes,
    // Pixels are divided by 255, then normalised per channel.
    preprocessing: { mean: dataset.mean, std: dataset.std },
    validation: config.validation,
    ...(config.holdOut === 'last' && { holdOut: config.holdOut }),
    ...(config.norms === 'recompute' && {
      calibration: Math.min(calibrationImages, dataset.train.length),
    }),
    seed: config.seed,
    training: {
      ...Object.fromEntries(method),
      ...(config.affineNorms === false && { affineNorms: false }),
      epochs: config.epochs,
      selectedEpoch: selectedEpoch(config, state.best?.epoch),
      validationAccuracy: state.best?.accuracy ?? null,
    },
    ...(integral && { integral }),
  };
}

function selectedEpoch(config: TrainConfig, best: number | undefined): number {
  return config.select === 'best' && best !== undefined ? best : config.epochs;
}

/** How wide an integral network is read for its report. */
const widthPlan: WidthPlan = {
  shares: [1, 0.9, 0.75, 0.6, 0.5, 0.4, 0.25],
  league: 'all',
  repairs: ['none', 'statistics'],
  batches: 8,
};

/** Accuracy on the validation images at several widths; null where the run has none or its model one width. */
async function widthsOf({ config, model, dataset, signals }: TrainRun): Promise<WidthRow[] | null> {
  const { validation: split } = dataset;
  if (config.method !== 'integral' || split.length === 0) return null;
  return measureWidths(model, { data: dataset, split }, widthPlan, [], () => signals.check());
}

function outcome(evaluation: Evaluation | null) {
  if (evaluation === null) return null;
  const { images, correct, accuracy, loss } = evaluation;
  return { images, correct, accuracy, loss };
}

/** The model as any reader of the file gets it. */
async function readBack(bytes: Uint8Array, { config, dataset }: TrainRun): Promise<tf.LayersModel> {
  return config.norms === 'recompute' ? decodeCalibrated(bytes, dataset) : decodeModel(bytes);
}

/** Writes the model file, reads it back, looks at the test set once, and writes summary and report. */
export async function finishRun(
  run: TrainRun,
  engine: StartedEngine,
  paths: RunPaths,
): Promise<Summary> {
  const { config, dataset, state, model, signals, earlier } = run;
  if (config.select === 'best' && run.bestWeights) restoreWeights(model, run.bestWeights);
  const { tensors, norms, kept } = config;
  const encoded = await encodeModel(model, {
    metadata: metadataOf(run),
    tensors,
    norms,
    ...(kept !== undefined && { kept }),
  });
  await writeFileAtomic(paths.model, encoded);
  const bytes = new Uint8Array(await readFile(paths.model));
  const plain = await readBack(bytes, run);
  const measure = async (split: Split | null) =>
    split && split.length > 0 ? evaluate(plain, split, dataset, () => signals.check()) : null;
  const validation = await measure(dataset.validation);
  const test = await measure(dataset.test);
  const widths = await widthsOf(run);
  const sizes = inspectModel(bytes);
  const steps = earlier.reduce((sum, round) => sum + round.steps, state.step);
  const seconds = earlier.reduce((sum, round) => sum + round.seconds, state.seconds);
  const summary: Summary = {
    status: 'finished',
    out: paths.root,
    model: paths.model,
    report: paths.report,
    engine: { name: engine.name, threads: engine.threads },
    parameters: plain.countParams(),
    epochs: roundsOf(run.whole).reduce((sum, { epochs }) => sum + epochs, 0),
    steps,
    imagesSeen: steps * config.batch,
    seconds,
    imagesPerSecond: (steps * config.batch) / seconds,
    rounds: earlier,
    selected: { rule: config.select, epoch: selectedEpoch(config, state.best?.epoch) },
    validation: outcome(validation),
    test: outcome(test),
    size: {
      fileBytes: sizes.fileBytes,
      float32Bytes: sizes.float32Bytes,
      trueRatio: sizes.trueRatio,
      bitsPerWeight: (8 * sizes.fileBytes) / plain.countParams(),
      paperRatio: unmasked.has(config.method) ? null : sizes.paperRatio,
    },
    ...(widths && { widths }),
  };
  plain.dispose();
  await writeReport(paths, { config, dataset, summary, sizes, test });
  await writeJson(paths.summary, summary);
  return summary;
}

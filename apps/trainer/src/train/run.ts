import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Dataset } from '@pleat/datasets';
import type * as tf from '@tensorflow/tfjs';
import { errorSentence, UsageError } from '../cli/errors.ts';
import type { Output } from '../cli/output.ts';
import { createProgress } from '../cli/progress.ts';
import { modelName } from '../config/name.ts';
import { mayChange } from '../config/rules.ts';
import type { TrainConfig } from '../config/schema.ts';
import { explainEngine, startEngine } from '../engines/registry.ts';
import type { StartedEngine } from '../engines/types.ts';
import { removeLeftovers } from '../files/leftovers.ts';
import { openModel } from '../files/pleat.ts';
import { isIntegralModel } from '../integral/model.ts';
import { formatCount } from '../report/format.ts';
import { createRun, runFiles, runPaths } from '../run/folder.ts';
import type { Summary } from '../run/summary.ts';
import { buildModel } from './build.ts';
import { loadData } from './data.ts';
import { finishRun } from './finish.ts';
import { checkFit } from './fit.ts';
import { buildObjective } from './objective.ts';
import { watchSignals } from './signals.ts';
import { trainRounds } from './train-rounds.ts';

/** Whether a run begins, begins over another, or goes on. */
export type TrainMode = 'new' | 'overwrite' | 'resume';

/** The model a run begins from, or undefined when it begins from a new one. */
async function sourceOf(
  { from, method }: TrainConfig,
  dataset: Dataset,
): Promise<tf.LayersModel | undefined> {
  if (from === undefined) return undefined;
  const { model } = await openModel(from);
  checkFit(model, dataset);
  if (method === 'dense' && isIntegralModel(model)) {
    throw new UsageError(
      `${from} is an integral model; train it with --method integral, or make a plain one of it: pleat resize.`,
    );
  }
  return model;
}

function buildOrExplain(
  config: TrainConfig,
  dataset: Dataset,
  source: tf.LayersModel | undefined,
): tf.LayersModel {
  try {
    return buildModel(config, dataset, source);
  } catch (error) {
    throw new UsageError(`This model cannot be built: ${errorSentence(error)}`);
  }
}

function describe(config: TrainConfig, dataset: Dataset, model: tf.LayersModel): string {
  const weights = `${formatCount(model.countParams())} parameters`;
  const { train, validation } = dataset;
  return `${modelName(config)} (${config.method}, ${weights}) on ${dataset.name}: ${formatCount(train.length)} images to train, ${formatCount(validation.length)} to validate`;
}

/** The configuration with what `auto` came to mean, as far as it decides the result. */
function settle(asked: TrainConfig, { name, threads }: StartedEngine): TrainConfig {
  const fixed = threads > 0 && !mayChange('threads', name);
  return { ...asked, engine: name, ...(fixed && { threads }) };
}

/** System errors of an open file name no path; the run's folder is what the user knows. */
function withPath(error: unknown, path: string): unknown {
  const system = error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;
  return system
    ? Object.assign(error, { path: (error as NodeJS.ErrnoException).path ?? path })
    : error;
}

/**
 * One run from configuration to report.
 *
 * @param showProgress makes what shows how far the run is
 * @throws UsageError, CliError or InterruptedError with one sentence to show
 */
export async function runTraining(
  asked: TrainConfig,
  mode: TrainMode,
  output: Output,
  showProgress: typeof createProgress = createProgress,
): Promise<Summary> {
  const paths = runPaths(asked.out!);
  if (mode === 'resume' && existsSync(paths.summary)) {
    output.note(`The run in ${paths.root} is finished already.`);
    return JSON.parse(await readFile(paths.summary, 'utf8'));
  }
  const signals = watchSignals(`Stopped; go on with: pleat train --resume --out ${paths.root}`);
  try {
    const engine = await startEngine(asked.engine, { threads: asked.threads, debug: output.debug });
    const config = settle(asked, engine);
    const dataset = await loadData(config, output.note);
    const model = buildOrExplain(config, dataset, await sourceOf(config, dataset));
    const objective = await buildObjective(config, model, dataset);
    signals.check();
    if (mode === 'resume') await removeLeftovers(runFiles(paths));
    else await createRun(paths, config, mode === 'overwrite');
    output.note(`${describe(config, dataset, model)}; ${explainEngine(engine)}`);
    const run = await trainRounds(
      { config, dataset, model, objective, paths, resume: mode === 'resume', signals },
      output,
      showProgress,
    );
    return await finishRun(run, engine, paths);
  } catch (error) {
    throw withPath(error, paths.root);
  } finally {
    signals.stop();
  }
}

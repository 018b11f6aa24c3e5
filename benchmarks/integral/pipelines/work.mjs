// Runs one job of `jobs.mjs` and writes what it gives.
import { join } from 'node:path';
import { resetGrids, toIntegral } from '@pleat/integral';
import { accuracy } from './data.mjs';
import { jobName, shares } from './jobs.mjs';
import { protocol, train } from './loop.mjs';
import { networks, widthOf } from './networks.mjs';
import { slimmableTask } from './slimmable.mjs';
import { loadModel, saveModel } from './store.mjs';
import { anySizeTask, discreteTask, integralTask } from './tasks.mjs';

/** Trained weights are changed more gently. */
const rateFromTrained = 0.25;

const build = ({ network, seed }, scale, share = 1) =>
  networks[network].build({ width: Math.round(widthOf(network, scale) * share), seed });

/** The discrete network a job starts from, as an integral one; from scratch there is no order to find. */
async function integralStart(job, { out, scale }) {
  const { network, seed } = job;
  const fromTrained = job.from === 'discrete';
  const plain = fromTrained
    ? await loadModel(join(out, 'weights', `${jobName({ network, kind: 'discrete', seed })}.pleat`))
    : build(job, scale);
  const model = toIntegral(plain, { order: fromTrained ? 'tsp' : 'identity' });
  plain.dispose();
  return model;
}

const kinds = {
  discrete(job, { scale }) {
    const model = build(job, scale, job.share);
    return { task: discreteTask(model), models: () => [{ name: '', model }] };
  },
  async integral(job, context) {
    const model = await integralStart(job, context);
    return {
      task: integralTask(model, job),
      models: () => [{ name: '', model: resetGrids(model) }],
    };
  },
  async 'any-size'(job, context) {
    const model = await integralStart(job, context);
    return {
      task: anySizeTask(model, job),
      models: () => [{ name: '', model: resetGrids(model) }],
    };
  },
  slimmable(job, { scale }) {
    const task = slimmableTask((share) => build(job, scale, share), shares);
    const models = () =>
      task.extract().map(({ share, model }) => ({ name: `.width-${100 * share}`, model }));
    return { task, models };
  },
};

/** What a job trains: `task` for `train`, `models()` the results by name. */
export const makeTask = (job, context) => kinds[job.kind](job, context);

/**
 * @param job of `jobList`, with epochs
 * @param context out, images, engine, scale, batch, `onSteps`, `stopped`
 * @returns its row; weights lie in `ID.pleat`
 */
export async function work(job, context) {
  const { out, images, engine, scale, batch, onSteps, stopped } = context;
  const { epochs } = job;
  const { task, models } = await makeTask(job, context);
  const rate = job.from === 'discrete' ? rateFromTrained : 1;
  const run = await train(task, images, { epochs, batch, seed: job.seed, rate, onSteps, stopped });
  const validation = {};
  for (const { name, model } of models()) {
    await saveModel(join(out, 'weights', `${job.name}${name}.pleat`), model);
    const value = await accuracy((x) => model.predict(x), images.validation, images);
    validation[name.slice(1) || 'whole'] = Number(value.toFixed(2));
  }
  const { learningRate, ...others } = protocol;
  const row = {
    ...{
      ...job,
      engine,
      channels: widthOf(job.network, scale),
      trainingImages: images.train.length,
    },
    ...{ ...others, learningRate: learningRate * rate },
    ...run,
    validationAccuracy: validation,
  };
  return row;
}

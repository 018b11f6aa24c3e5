// Measures one unit of `units.mjs`.
import { join } from 'node:path';
import {
  compressionOf,
  extract,
  integralGroups,
  recalibrate,
  resetGrids,
  resize,
  resizeToBudget,
  toIntegral,
} from '@pleat/integral';
import { countParameters } from '@pleat/models';
import { pruneChannels } from '@pleat/prune';
import * as tf from '@tensorflow/tfjs';
import { accuracy } from './data.mjs';
import { shares } from './jobs.mjs';
import { networks } from './networks.mjs';
import { loadModel } from './store.mjs';
import { inputs, repairs, tune, tuning, unlabelled } from './tuning.mjs';
import { sizesAt } from './widths.mjs';

const criteria = ['random', 'l1', 'l2', 'mean', 'variance', 'zeros'];
const round = (value) => Number(value.toFixed(2));

async function validate(model, images) {
  return round(await accuracy((x) => model.predict(x), images.validation, images));
}

const load = ({ weights }, folder, at = 0) =>
  loadModel(join(folder, 'weights', `${weights[at]}.pleat`));

/** The groups a league cuts. */
function groupsOf(model, { network, league }) {
  const all = integralGroups(model).map(({ id }) => id);
  return league === 'late' ? all.filter((id) => networks[network].late.test(id)) : all;
}

/** Resizes an integral model to the unit's compression; the same sizes hold for every pipeline. */
function cut(model, unit) {
  resizeToBudget(model, { compression: unit.compression, groups: groupsOf(model, unit) });
  return round(100 * compressionOf(model).compression);
}

/** Accuracy of the plain model at the sizes of now, and after each repair. */
async function withRepairs(integral, images, seed, names) {
  const found = {};
  for (const name of [null, ...names]) {
    const plain = extract(integral);
    if (name !== null) await repairs[name].apply(plain, integral, images, seed);
    found[name ?? 'as sampled'] = await validate(plain, images);
    plain.dispose();
  }
  return found;
}

/** Repairs that are measured of pipeline B by order, before and after tuning. */
const repairsOf = {
  tsp: { untuned: Object.keys(repairs), tuned: ['least squares'] },
  identity: { untuned: ['least squares'], tuned: [] },
  random: { untuned: [], tuned: [] },
};

/** Pipeline B: nothing but positions is tuned. */
async function pipelineB(unit, { images, out }) {
  const { order, seed } = unit;
  const model = await load(unit, out);
  const integral = toIntegral(model, { order, seed });
  const removed = cut(integral, unit);
  const names = repairsOf[order];
  const untuned = await withRepairs(integral, images, seed, names.untuned);
  const losses = await tune(integral, images, { seed });
  const tuned = await withRepairs(integral, images, seed, names.tuned);
  const ends = [losses[0], losses.at(-1)].map((loss) => Number(loss.toFixed(4)));
  return { removed, accuracy: { untuned, tuned }, tuning: { ...tuning, losses: ends } };
}

/** Pipeline B with biases, scales, shifts and statistics of norms tuned beside the positions. */
async function pipelineBNorms(unit, { images, out }) {
  const { order, seed } = unit;
  const integral = toIntegral(await load(unit, out), { order, seed });
  const removed = cut(integral, unit);
  await tune(integral, images, { seed, norms: true });
  const tuned = await withRepairs(integral, images, seed, ['statistics']);
  return { removed, accuracy: { 'tuned with norms': tuned }, tuning };
}

/** Pipeline C: channels are removed by a criterion, to the same sizes, and nothing is trained. */
async function pipelineC(unit, { images, out }) {
  const model = await load(unit, out);
  const integral = toIntegral(model, { order: 'identity' });
  const removed = cut(integral, unit);
  const budgets = Object.fromEntries(
    integralGroups(integral)
      .filter(({ size, coefficients }) => size < coefficients)
      .map(({ id, size, coefficients }) => [id, 1 - size / coefficients]),
  );
  const data = [];
  for await (const x of inputs(images, unit.seed)) data.push(x);
  const found = { plain: {}, statistics: {} };
  for (const criterion of criteria) {
    const { model: small } = await pruneChannels(model, {
      ...{ criterion, budgets, data, seed: unit.seed },
    });
    found.plain[criterion] = await validate(small, images);
    await recalibrate(small, inputs(images, unit.seed));
    found.statistics[criterion] = await validate(small, images);
    small.dispose();
  }
  tf.dispose(data);
  return { removed, accuracy: found };
}

/** Pipeline A: the integral model is sampled, with and without new norm statistics. */
async function pipelineA(unit, { images, out }) {
  const integral = await load(unit, out);
  const removed = cut(integral, unit);
  return { removed, accuracy: await withRepairs(integral, images, unit.seed, ['statistics']) };
}

/** The network as it was trained. */
async function discrete(unit, { images, out }) {
  const model = await load(unit, out);
  return { parameters: countParameters(model), accuracy: await validate(model, images) };
}

/** One contender at every share of the channels. */
async function sizes(unit, { images, out }) {
  const { network, seed } = unit;
  const rows = [];
  for (const [at, share] of shares.entries()) {
    if (unit.weights.length > 1) {
      const model = await load(unit, out, at);
      const values = { 'as trained': await validate(model, images) };
      rows.push({ share, parameters: countParameters(model), accuracy: values });
      continue;
    }
    const integral = resetGrids(await load(unit, out));
    resize(integral, sizesAt(integral, network, { early: share, late: share }));
    const { parameters } = compressionOf(integral);
    const values = await withRepairs(integral, images, seed, ['statistics']);
    rows.push({ share, parameters, accuracy: values });
  }
  return { rows };
}

const pipelines = {
  A: pipelineA,
  B: pipelineB,
  'B+norms': pipelineBNorms,
  C: pipelineC,
  discrete,
  sizes,
};

/** @returns the row of a unit */
export async function measureUnit(unit, context) {
  const start = performance.now();
  const found = await pipelines[unit.pipeline](unit, context);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  const { engine, images } = context;
  const counts = { validationImages: images.validation.length, unlabelled };
  return { ...unit, ...found, ...counts, engine, seconds };
}

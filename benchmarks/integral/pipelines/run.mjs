// The experiment in one command: trains every network the comparison needs, several at a time, each in a process of its own, and
// measures them as soon as they are there.
//   node benchmarks/integral/pipelines/run.mjs --engine torch --jobs 2 --epochs 8 --out FOLDER [--data FOLDER]
//   node pleat.mjs experiment integral-pipelines --engine cuda --jobs 8 --within 300 ...     out of the one-file bundle
// Weights and rows lie in the folder as soon as they are there; a second call goes on with what is missing.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engineNames } from './engine.mjs';
import { jobList } from './jobs.mjs';
import { measureUnit } from './measure.mjs';
import { hand, serve } from './pool.mjs';
import { writeWhole } from './store.mjs';
import { epochsWithin, runTrial, trialUnits } from './trial.mjs';
import { unitList } from './units.mjs';
import { work } from './work.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'torch' },
    precision: { type: 'string', default: 'tf32' },
    threads: { type: 'string', default: '1' },
    data: { type: 'string' },
    out: { type: 'string', default: 'pipelines' },
    jobs: { type: 'string', default: '1' },
    epochs: { type: 'string' },
    within: { type: 'string' },
    batch: { type: 'string', default: '256' },
    only: { type: 'string', default: '' },
    tier: { type: 'string', default: '9' },
    scale: { type: 'string', default: '1' },
    images: { type: 'string' },
    validation: { type: 'string' },
    'time-limit': { type: 'string' },
    smoke: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
if (!engineNames.includes(values.engine)) {
  console.error(`--engine must be one of ${engineNames.join(', ')}, got '${values.engine}'.`);
  process.exit(2);
}
const within = values.within === undefined ? undefined : Number(values.within);
const settings = {
  ...{ engine: values.engine, precision: values.precision, threads: Number(values.threads) },
  ...{ data: values.data, out: resolve(values.out), jobs: Number(values.jobs) },
  ...{ batch: Number(values.batch), scale: Number(values.scale) },
  ...(values.images !== undefined && { images: Number(values.images) }),
  ...(values.validation !== undefined && { validation: Number(values.validation) }),
  limit: Number(values['time-limit'] ?? within ?? Number.POSITIVE_INFINITY),
  ...(values.smoke && { scale: 0.25, batch: 64, images: 256 }),
};

/** What measuring takes of the time, as a share of what is left after the trials. */
const measuring = 0.3;
const jobs = jobList().filter(({ tier }) => tier <= Number(values.tier));
const plan = join(settings.out, 'plan.json');
const planned = existsSync(plan) ? JSON.parse(readFileSync(plan, 'utf8')).epochs : null;

/** Epochs of all trainings: as asked for, as a call before has found, or as fit into the time. */
function chooseEpochs(trials) {
  const given = values.smoke ? 1 : Number(values.epochs ?? 8);
  const time = (1 - measuring) * (within - performance.now() / 1000);
  const options = { processes: settings.jobs, time, trainingImages: 35000 };
  // The headline and one seed of the rest must fit; more is welcome.
  const fitted = () =>
    epochsWithin(
      trials,
      jobs.filter(({ tier }) => tier <= 2),
      options,
    );
  const epochs = planned ?? (within === undefined ? given : fitted());
  writeWhole(plan, `${JSON.stringify({ epochs, trials })}\n`);
  console.log(`${epochs} epochs`);
  return epochs;
}

/** Trainings with further seeds of one model at every size wait until the others are measured. */
function all(epochs) {
  const trainings = jobs.map((job) => ({ ...job, type: 'train', epochs }));
  const soon = trainings.filter(({ tier }) => tier <= 2);
  const last = trainings.filter(({ tier }) => tier > 2);
  const wanted = values.only.split(',');
  const at = ({ id }) => wanted.findIndex((part) => id.includes(part));
  return [...soon, ...unitList(jobs), ...last]
    .filter((unit) => at(unit) >= 0)
    .sort((a, b) => at(a) - at(b));
}
const stages = [(trials) => all(chooseEpochs(trials))];
if (within !== undefined && planned === null) stages.unshift(() => trialUnits(jobs, settings.jobs));

const kinds = { trial: runTrial, train: work, measure: measureUnit };

function describe({ id, type, removed, complete, validationAccuracy, accuracy, ...row }) {
  const parts = {
    trial: () => [`${row.imagesPerSecond} images/s`],
    train: () => [
      `loss ${row.lastLosses.at(-1)}`,
      `validation ${JSON.stringify(validationAccuracy)} %`,
      `${row.imagesPerSecond} images/s${complete ? '' : ', stopped early'}`,
    ],
    measure: () => [
      ...(removed === undefined ? [] : [`${removed} % removed`]),
      JSON.stringify(accuracy ?? row.rows),
    ],
  };
  return `${id}: ${[...parts[type](), row.seconds && `${row.seconds} s`].filter(Boolean).join(', ')}`;
}

if (values.worker) await serve((unit, context) => kinds[unit.type](unit, context), settings);
else if (values.list)
  console.log(
    all(1)
      .map(({ id }) => id)
      .join('\n'),
  );
else await hand(fileURLToPath(import.meta.url), stages, settings, describe);

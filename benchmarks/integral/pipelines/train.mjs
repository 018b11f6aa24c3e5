// Trains the networks of the experiment, several at a time, each in a process of its own.
//   node benchmarks/integral/pipelines/train.mjs --engine cuda --jobs 14 --epochs 8 --out FOLDER [--data FOLDER]
//   node pleat.mjs experiment integral-train ...     the same out of the one-file bundle
// What is finished lies in the folder at once (ID.pleat, ID.json, and a line of results.jsonl); a second call goes on with the rest.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { epochsWithin } from './fit.mjs';
import { jobList } from './jobs.mjs';
import { hand, poolOptions, poolSettings, serve } from './pool.mjs';
import { work } from './work.mjs';

const { values } = parseArgs({
  options: {
    ...poolOptions,
    epochs: { type: 'string', default: '8' },
    batch: { type: 'string', default: '256' },
    scale: { type: 'string', default: '1' },
    fit: { type: 'string' },
    within: { type: 'string' },
  },
});
const seeds = values.seeds.split(',').map(Number);
const jobs = jobList(seeds).filter(({ id }) => id.includes(values.only));
if (values.fit !== undefined) {
  values.epochs = `${epochsWithin(values.fit, jobs, Number(values.jobs), Number(values.within))}`;
  if (!values.worker) console.log(`${values.epochs} epochs fit into ${values.within} s`);
}
const [epochs, batch, scale] = [values.epochs, values.batch, values.scale].map(Number);
const settings = {
  ...{ ...poolSettings(values), epochs, batch, scale },
  ...(values.smoke && { scale: 0.25, epochs: 1, batch: 64, images: 256 }),
};

function describe({ id, complete, validationAccuracy, lastLosses, seconds, imagesPerSecond }) {
  const parts = [
    `loss ${lastLosses.at(-1)}`,
    `validation ${JSON.stringify(validationAccuracy)} %`,
    `${seconds} s`,
    `${imagesPerSecond} images/s`,
    ...(complete ? [] : ['stopped early']),
  ];
  return `${id}: ${parts.join(', ')}`;
}

if (values.worker) await serve(work, settings);
else if (values.list) console.log(jobs.map(({ id }) => id).join('\n'));
else await hand(fileURLToPath(import.meta.url), jobs, settings, describe);

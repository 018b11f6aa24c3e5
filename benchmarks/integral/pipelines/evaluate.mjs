// Measures what `train.mjs` trained: pipelines A, B and C at every compression in both leagues, and one model at every size.
//   node benchmarks/integral/pipelines/evaluate.mjs --weights FOLDER --out FOLDER [--jobs N] [--engine cuda]
//   node pleat.mjs experiment integral-evaluate ...     the same out of the one-file bundle
// A row is a file and a line of results.jsonl as soon as it is there; a second call goes on with the rest.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureUnit } from './measure.mjs';
import { hand, poolOptions, poolSettings, serve } from './pool.mjs';
import { unitList } from './units.mjs';

const { values } = parseArgs({
  options: { ...poolOptions, weights: { type: 'string', default: 'pipelines' } },
});
const weights = resolve(values.weights);
const settings = { ...poolSettings(values), ...(values.smoke && { images: 256 }), weights };
const seeds = values.seeds.split(',').map(Number);
const units = unitList(seeds)
  .filter(({ id }) => id.includes(values.only))
  // What was not trained cannot be measured.
  .filter((unit) => unit.weights.every((file) => existsSync(join(weights, `${file}.pleat`))));

const describe = ({ id, removed, accuracy, rows, seconds }) =>
  `${id}: ${removed === undefined ? '' : `${removed} % removed, `}${JSON.stringify(accuracy ?? rows)}, ${seconds} s`;

if (values.worker) await serve(measureUnit, settings);
else if (values.list) console.log(units.map(({ id }) => id).join('\n'));
else await hand(fileURLToPath(import.meta.url), units, settings, describe);

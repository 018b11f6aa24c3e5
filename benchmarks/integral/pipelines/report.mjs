// Makes tables and a picture of what `run.mjs` measured: `results/PREFIX-*.json`, `.svg`, and every row as it is.
//   node benchmarks/integral/pipelines/report.mjs --out FOLDER [--prefix NAME] [--note TEXT]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chart } from './chart.mjs';
import { networks } from './networks.mjs';
import { published } from './published.mjs';
import { bestOfC, pick, sizesTable, summarise, tableOf } from './summary.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'pipelines' },
    prefix: { type: 'string', default: 'integral' },
    note: { type: 'string', default: '' },
  },
});
const results = fileURLToPath(new URL('../../results', import.meta.url));
const read = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));

const rows = read(join(values.out, 'rows'));
const trained = read(join(values.out, 'weights'));
const entries = summarise(rows);
const [first] = trained;
const seeds = [...new Set(trained.map(({ seed }) => seed))].length;
const engines = [...new Set([...trained, ...rows].map(({ engine }) => engine))].join('; ');
const counts = (pipelines) => [
  ...new Set(
    rows
      .filter(({ pipeline }) => pipelines.includes(pipeline[0]))
      .map(({ validationImages }) => validationImages),
  ),
];
const lookedAt = `${['A', 'B', 'C'].map((name) => `${name}: ${counts([name]).join(' or ')}`).join(', ')}`;
const protocol = `${first.trainingImages} training images, ${first.epochs} epochs, batch ${first.batch}, ${first.optimiser}, ${first.schedule}, ${first.augmentation}; mean ± standard deviation over ${seeds} seeds of the accuracy on validation images (${lookedAt}), in %${values.note && `; ${values.note}`}`;

function write(name, question, table) {
  if (table.length === 0) return;
  const date = new Date().toISOString().slice(0, 10);
  const machine = { engine: engines, node: process.versions.node };
  const text = JSON.stringify({ name, question, date, machine, rows: table }, null, 2);
  writeFileSync(join(results, `${name}.json`), `${text}\n`);
  console.log(`\n${question}`);
  console.table(table);
}

/** The series of the picture, and columns of the first table. */
const main = {
  'A from discrete': pick('A from discrete', 'as sampled'),
  'A from discrete, new statistics': pick('A from discrete', 'statistics'),
  'A from scratch, new statistics': pick('A from scratch', 'statistics'),
  'B, TSP order, tuned': pick('B tsp', 'tuned, as sampled'),
  'B, own order, tuned': pick('B identity', 'tuned, as sampled'),
  'B, random order, tuned': pick('B random', 'tuned, as sampled'),
  'B, TSP order, norms tuned too': pick('B+norms tsp', 'tuned with norms, as sampled'),
  'B, own order, norms tuned too': pick('B+norms identity', 'tuned with norms, as sampled'),
  'B, TSP order, least squares instead': pick('B tsp', 'untuned, least squares'),
  'B, own order, least squares instead': pick('B identity', 'untuned, least squares'),
  'best of C': bestOfC('plain'),
  'best of C, new statistics': bestOfC('statistics'),
};
const variants = ['as sampled', 'rescale', 'statistics', 'least squares'];
const repairs = Object.fromEntries(
  ['tsp', 'identity'].flatMap((order) =>
    ['untuned', 'tuned'].flatMap((tuned) =>
      variants.map((variant) => [
        `${order === 'tsp' ? 'TSP' : 'own'} order, ${tuned}${variant === 'as sampled' ? '' : `, ${variant}`}`,
        pick(`B ${order}`, `${tuned}, ${variant}`),
      ]),
    ),
  ),
);
const criteria = ['random', 'l1', 'l2', 'mean', 'variance', 'zeros'];
const baselines = Object.fromEntries(
  ['plain', 'statistics'].flatMap((variant) =>
    criteria.map((criterion) => [
      `${criterion}${variant === 'plain' ? '' : ', new statistics'}`,
      pick('C', `${variant}, ${criterion}`),
    ]),
  ),
);

write(
  `${values.prefix}-trainings`,
  'What was trained for the pipelines of integral networks (CIFAR-10)?',
  trained.map((row) => ({
    ...{ training: row.name, channels: row.channels, epochs: row.epochs, steps: row.steps },
    ...{ complete: row.complete, images: row.imagesSeen, seconds: row.seconds },
    ...{
      'last loss': row.lastLosses.at(-1),
      'validation %': Object.values(row.validationAccuracy).join(' / '),
    },
  })),
);
write(
  `${values.prefix}-pipelines`,
  `How accurate are the three pipelines of integral networks when parameters are removed without any fine-tuning (CIFAR-10)? ${protocol}. League late: ${Object.entries(
    networks,
  )
    .map(([name, { lateTitle }]) => `${lateTitle} of ${name}`)
    .join(
      ', ',
    )} alone. A: trained at random widths, then sampled. B: the discrete network, only positions tuned. C: channels removed by a criterion, the best one in hindsight.`,
  [...tableOf(entries, main), ...published],
);
write(
  `${values.prefix}-pipelines-repairs`,
  'What do repairs add to pipeline B? rescale looks at no data; statistics at 2,048, least squares at 512 unlabelled training images.',
  tableOf(entries, repairs),
);
write(
  `${values.prefix}-pipelines-baselines`,
  'Pipeline C by criterion, to the same sizes',
  tableOf(entries, baselines),
);
write(
  `${values.prefix}-any-size`,
  `One integral ResNet-20 for 25 to 100 % of the channels (sandwich rule, in-place distillation), beside slimmable training and networks trained one by one (CIFAR-10). ${protocol}.`,
  sizesTable(rows),
);

const wholeOf = (network, method, variant) =>
  entries.find(
    (entry) =>
      entry.network === network &&
      entry.league === 'whole' &&
      entry.method === method &&
      entry.variant === variant,
  );
const drawn = [
  'A from discrete, new statistics',
  'A from scratch, new statistics',
  'B, TSP order, tuned',
  'B, own order, tuned',
  'best of C',
  'B, TSP order, least squares instead',
];
const startOf = (network, series) =>
  series.startsWith('A')
    ? wholeOf(network, series.split(',')[0], 'statistics')
    : wholeOf(network, 'discrete', '');
const panels = Object.entries(networks).flatMap(([network, { lateTitle }]) =>
  ['late', 'uniform'].map((league) => {
    const own = entries.filter((entry) => entry.network === network && entry.league === league);
    const shares = [...new Set(own.map(({ compression }) => compression))];
    const points = drawn.flatMap((series) => {
      const found = shares.map((share) =>
        main[series](own.filter(({ compression }) => compression === share)),
      );
      return [startOf(network, series), ...found]
        .filter((entry) => entry !== undefined)
        .map(({ removed, mean, deviation }) => ({
          ...{ removed, accuracy: mean, series },
          ...{ low: mean - (deviation ?? 0), high: mean + (deviation ?? 0) },
        }));
    });
    return { title: `${network}, ${league === 'late' ? lateTitle : 'uniform'}`, points };
  }),
);
writeFileSync(
  join(results, `${values.prefix}-pipelines.svg`),
  await chart(
    panels.filter(({ points }) => points.some(({ removed }) => removed > 0)),
    drawn,
  ),
);
writeFileSync(
  join(results, `${values.prefix}-pipelines.rows.jsonl`),
  rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
);

// Makes tables and pictures of what the sweeps of this folder gave.
// usage: node sweeps.mjs [NAME=FOLDER ...]   takes new rows from the folders of sweeps; without them writes everything anew from
//   the rows in ../results
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from '../lib/measure.mjs';
import { above, byConfiguration, spent, words } from './lib/rows.mjs';

const results = fileURLToPath(new URL('../results/', import.meta.url));
const app = fileURLToPath(new URL('../../apps/trainer/dist/cli.js', import.meta.url));
const rowsOf = (name) => join(results, `compression-${name}.rows.jsonl`);

const protocol =
  'CIFAR-10, accuracy in % on the last 5,000 training images, which nothing was chosen by, of the file read back (norms folded, float16); mean ± standard deviation over seeds';

/** Read off the figures of Bai et al., NeurIPS 2022 (± 0.02), test images, 100 epochs. */
const published = {
  dense: [94.01, 79.29],
  'dense, learning rate 0.002': [null, null],
  full: [89.42, 76.47],
  'one-layer': [88.93, 75.88],
  'max-layer': [88.98, 76.62],
  'RP 1e-1': [89.09, 76.91],
  'RP 1e-2': [88.96, 76.26],
  'RP 1e-3': [88.51, 77.18],
  'RP 1e-4': [85.36, 64.39],
  'RP 1e-5': [80.2, 66.06],
};
const other = ', running offset, fan-in';

function figure(configurations) {
  const find = (model, label) =>
    configurations.find((own) => own.model === model && own.label === label);
  const cell = (found) => (found === undefined ? null : words(found));
  return Object.entries(published).map(([label, [convmixer, vit]]) => ({
    prototype: label,
    'ConvMixer 128/4': cell(find('convmixer', label)),
    'ConvMixer, running offset, fan-in': cell(find('convmixer', label + other)),
    'ConvMixer, bytes': find('convmixer', label)?.bytes ?? null,
    'ViT 64/2': cell(find('vit', label)),
    'ViT, running offset, fan-in': cell(find('vit', label + other)),
    'ViT, bytes': find('vit', label)?.bytes ?? null,
    'ConvMixer 256/6, published': convmixer,
    'ViT 256/6, published': vit,
  }));
}

const sizeOf = ({ label }) => label.split(',')[0];
const kib = (own) => Number.parseInt(sizeOf(own), 10);
const fits = (own) => own.bytes <= 1024 * kib(own);

function frontier(configurations) {
  const bySize = configurations.toSorted((one, other) => kib(one) - kib(other));
  return bySize.map((own) => {
    const recipe = configurations.find(
      (one) => sizeOf(one) === sizeOf(own) && /recipe/.test(one.label),
    );
    const same = configurations.filter((one) => sizeOf(one) === sizeOf(own) && fits(one));
    const best = fits(own) && same.every(({ accuracy }) => accuracy <= own.accuracy);
    return {
      'at most': sizeOf(own),
      way: own.label.slice(sizeOf(own).length + 2),
      channels: own.rows[0].config.dim,
      'file bytes': own.bytes,
      'bits a weight': own.bits,
      'accuracy %': words(own),
      'points above the recipe': recipe === undefined || recipe === own ? null : above(own, recipe),
      best: fits(own) ? (best ? 'yes' : '') : 'too long',
      seeds: own.seeds,
      'images seen': own.images,
    };
  });
}

function pruning(configurations) {
  const byNet = configurations.toSorted((one, other) => one.model.localeCompare(other.model));
  return byNet.map((own) => {
    const pemn = configurations.find(
      ({ model, label }) => model === own.model && /^PEMN/.test(label),
    );
    return {
      net: own.model,
      way: own.label,
      'file bytes': own.bytes,
      'accuracy %': words(own),
      'points above PEMN': pemn === undefined || pemn === own ? null : above(own, pemn),
      seeds: own.seeds,
      'images seen': own.images,
    };
  });
}

const sweeps = {
  'paper-figure': {
    table: figure,
    question:
      'How much accuracy do fewer values of the prototype cost, by the paper’s rules and by others?',
  },
  frontier: {
    table: frontier,
    question:
      'What is the most accurate file of at most so many bytes? The recipe is PEMN’s: edge-popup, keep 0.5, RP 1e-3, its rules.',
  },
  pruning: {
    table: pruning,
    question: 'Masks against pruning in ResNets, by true bytes.',
  },
};

for (const given of process.argv.slice(2)) {
  const [name, folder] = given.split('=');
  if (sweeps[name] === undefined || folder === undefined) {
    console.error(
      `Give NAME=FOLDER with a name of ${Object.keys(sweeps).join(', ')}, found ${given}.`,
    );
    process.exit(2);
  }
  copyFileSync(join(folder, 'results.jsonl'), rowsOf(name));
}
for (const [name, { table, question }] of Object.entries(sweeps)) {
  if (!existsSync(rowsOf(name))) continue;
  const rows = readFileSync(rowsOf(name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const out = mkdtempSync(join(tmpdir(), 'pleat-report-'));
  execFileSync(process.execPath, [app, 'report', rowsOf(name), '--out', out]);
  for (const [from, kind] of [
    ['results.csv', 'csv'],
    ['results.md', 'md'],
    ['accuracy-cifar10.svg', 'svg'],
  ]) {
    copyFileSync(join(out, from), join(results, `compression-${name}.${kind}`));
  }
  report(
    `compression-${name}`,
    `${question} ${protocol}. ${spent(rows)}.`,
    table(byConfiguration(rows)),
  );
}

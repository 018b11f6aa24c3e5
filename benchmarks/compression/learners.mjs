// Which learner and which of its options serve best? Small networks, three seeds, Fashion-MNIST images that ship with the
// packages. Choices are made by the validation accuracy here; the test images are not looked at.
// usage: node learners.mjs [SEEDS=3] [NAME ...]   groups or variants as below, all by default; other rows stay as they were
import { readFileSync } from 'node:fs';
import { decodeModel, encodeModel, inspectModel, isScore, maskBits } from '@pleat/mask';
import { decaysByDefault } from '@pleat/optim';
import { report } from '../lib/measure.mjs';
import { accuracy, loadData, spread, startEngine, train } from './lib/experiment.mjs';

const images = 3000;
const epochs = 4;
const batch = 32;

const scoreDecay = (factor) => (name, variable) =>
  isScore(name) ? factor > 0 : decaysByDefault(name, variable);
const priced = (price) => (model) => {
  const masked = model.weights.filter(({ name }) => isScore(name));
  const count = masked.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return maskBits(model).mul(price / count);
};
const mask = (learner, more = {}) => ({ mask: { learner, ...more } });
const popup = (keep) => ({ name: 'edge-popup', keep });
const free = { name: 'learned-keep', keep: 0.4 };
const threefold = { name: 'ternary', select: 'learned', keep: 0.4 };

const groups = {
  learners: {
    signed: mask('signed'),
    'edge-popup, keep 0.5': mask(popup(0.5)),
    'edge-popup, keep 0.2': mask(popup(0.2)),
    'edge-popup, keep 0.2 over the network': mask({ ...popup(0.2), scope: 'global' }),
    threshold: mask('threshold'),
    'supermask, temperature 1': mask({ name: 'supermask', temperature: 1 }),
    'supermask, temperature 0.1': mask({ name: 'supermask', temperature: 0.1 }),
    'supermask, temperature 1 to 0.02': mask({
      name: 'supermask',
      temperature: { from: 1, to: 0.02 },
    }),
    'ternary, keep 0.5': mask({ name: 'ternary', keep: 0.5 }),
    'ternary, keep 0.2': mask({ name: 'ternary', keep: 0.2 }),
    'ternary, keep 0.2 over the network': mask({ name: 'ternary', keep: 0.2, scope: 'global' }),
    'ternary, fixed threshold': mask({ name: 'ternary', select: 'fixed' }),
    'ternary, learned threshold': mask(threefold),
    'learned-keep': mask(free),
    'learned-keep over the network': mask({ ...free, scope: 'global' }),
    dense: { mask: null },
  },
  price: {
    'learned-keep, price 0.03': { ...mask(free), penalty: priced(0.03) },
    'learned-keep, price 0.1': { ...mask(free), penalty: priced(0.1) },
    'learned-keep, price 0.3': { ...mask(free), penalty: priced(0.3) },
    'threshold, price 0.1': { ...mask({ name: 'threshold', keep: 0.4 }), penalty: priced(0.1) },
    'ternary, learned threshold, price 0.03': { ...mask(threefold), penalty: priced(0.03) },
    'ternary, learned threshold, price 0.1': { ...mask(threefold), penalty: priced(0.1) },
  },
  'high price': {
    'learned-keep, price 1': { ...mask(free), penalty: priced(1) },
    'learned-keep, price 10': { ...mask(free), penalty: priced(10) },
    'threshold, price 1': { ...mask({ name: 'threshold', keep: 0.4 }), penalty: priced(1) },
    'threshold, price 10': { ...mask({ name: 'threshold', keep: 0.4 }), penalty: priced(10) },
  },
  training: {
    'signed, adamw, gradient times |w|': mask('signed', { scoreGradient: 'magnitude' }),
    'signed, sgd': { ...mask('signed'), optimizer: 'sgd', learningRate: 0.5, weightDecay: 0 },
    'signed, sgd, gradient times |w|': {
      ...mask('signed', { scoreGradient: 'magnitude' }),
      optimizer: 'sgd',
      learningRate: 0.5,
      weightDecay: 0,
    },
    'edge-popup, keep 0.5, noise 0.5 to 0': mask(popup(0.5), { noise: { from: 0.5, to: 0 } }),
    'signed, noise 0.5 to 0': mask('signed', { noise: { from: 0.5, to: 0 } }),
    'signed, scores do not decay': { ...mask('signed'), filter: scoreDecay(0) },
    'edge-popup, keep 0.5, scores do not decay': { ...mask(popup(0.5)), filter: scoreDecay(0) },
    'signed, ten times the decay': { ...mask('signed'), weightDecay: 0.05 },
  },
  storage: {
    'signed, frozen: 0.1 kept, 0.3 dropped': mask('signed', {
      freeze: { kept: 0.1, dropped: 0.3 },
    }),
    'edge-popup, keep 0.5, frozen: 0.2 kept, 0.2 dropped': mask(popup(0.5), {
      freeze: { kept: 0.2, dropped: 0.2 },
    }),
    'signed, folded by two': mask('signed', { fold: 2 }),
    'signed, a scale each channel': mask('signed', { scales: 'channel' }),
    'signed, a scale each layer': mask('signed', { scales: 'layer' }),
  },
};

function earlier() {
  try {
    const path = new URL('../results/compression-learners.json', import.meta.url);
    return JSON.parse(readFileSync(path, 'utf8')).rows;
  } catch {
    return [];
  }
}

const [seeds = '3', ...wanted] = process.argv.slice(2);
const engine = await startEngine();
const isWanted = (group, variant) =>
  wanted.length === 0 || wanted.includes(group) || wanted.includes(variant);
const rows = earlier().filter(({ group, variant }) => !isWanted(group, variant));
const order = Object.entries(groups).flatMap(([group, variants]) =>
  Object.keys(variants).map((variant) => `${group} ${variant}`),
);
const place = ({ group, variant }) => order.indexOf(`${group} ${variant}`);
const data = new Map();
for (const [group, variants] of Object.entries(groups)) {
  for (const [variant, options] of Object.entries(variants)) {
    if (!isWanted(group, variant)) continue;
    const runs = [];
    for (let seed = 0; seed < Number(seeds); seed++) {
      if (!data.has(seed)) data.set(seed, await loadData(seed, images));
      const { model } = await train(data.get(seed), { epochs, batch, seed, ...options });
      const file = await encodeModel(model, { tensors: 'float16', norms: 'fold' });
      const decoded = await decodeModel(file);
      const { weights } = inspectModel(file);
      const masks = weights.filter(({ kept }) => kept !== null);
      const sum = (value) => masks.reduce((total, weight) => total + value(weight), 0);
      runs.push({
        accuracy: await accuracy(decoded, data.get(seed).validation, data.get(seed)),
        bytes: file.length,
        kept: sum(({ kept, weights }) => kept * weights) / sum(({ weights }) => weights),
        bits: sum(({ bitsPerWeight, weights }) => bitsPerWeight * weights) / sum((w) => w.weights),
      });
      decoded.dispose();
      model.dispose();
    }
    const { mean, deviation } = spread(runs.map(({ accuracy }) => accuracy));
    const average = (key) => spread(runs.map((run) => run[key])).mean;
    const round = (value, digits) =>
      Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
    rows.push({
      group,
      variant,
      'accuracy %': round(100 * mean, 2),
      'deviation %': round(100 * deviation, 2),
      'file bytes': Math.round(average('bytes')),
      'kept %': round(100 * average('kept'), 1),
      'bits a weight': round(average('bits'), 3),
      seeds: Number(seeds),
    });
    report(
      'compression-learners',
      `Validation accuracy of ConvMixer 48/2 (patch 4) on ${images} Fashion-MNIST images, ${epochs} epochs, engine ${engine}; files with norms folded in float16`,
      rows.toSorted((a, b) => place(a) - place(b)),
    );
  }
}
process.exit(0);

// How does accuracy fall with width, without any fine-tuning? One small convolutional network on Fashion-MNIST, trained for a few
// minutes; then sampled at fewer channels with and without the permutation, with partitions tuned, with repair, beside L1 pruning.
//   node benchmarks/integral/curve.mjs [--seeds 1] [--epochs 4]
import { parseArgs } from 'node:util';
import { channelGraph, keepChannels } from '@pleat/channels';
import {
  compressionOf,
  extract,
  integralGroups,
  recalibrate,
  resize,
  toIntegral,
  tunePartitions,
} from '@pleat/integral';
import * as tf from '@tensorflow/tfjs';
import {
  accuracy,
  batches,
  loadImages,
  startEngine,
  trained,
  unlabelled,
} from '../lib/fashion.mjs';
import { report } from '../lib/measure.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    epochs: { type: 'string', default: '4' },
  },
});
const [seeds, epochs] = [values.seeds, values.epochs].map(Number);
const engine = await startEngine();
const { train, validation } = await loadImages();

/** The channels with the largest L1 norms of their filters, as a smaller model. */
function pruned(model, sizes) {
  const kept = {};
  for (const [id, size] of Object.entries(sizes)) {
    const group = channelGraph(model).groups.find((each) => each.id === id);
    const kernel = tf.tidy(() =>
      model.getLayer(id).getWeights()[0].abs().sum([0, 1, 2]).dataSync(),
    );
    const ranked = Array.from({ length: group.size }, (_, i) => i).sort(
      (a, b) => kernel[b] - kernel[a],
    );
    kept[id] = ranked.slice(0, size).sort((a, b) => a - b);
  }
  return keepChannels(model, kept);
}

const few = () => unlabelled(train, 77, 8);
const rows = [];
for (let seed = 1; seed <= seeds; seed++) {
  const model = trained(train, seed, epochs);
  const original = accuracy(model, validation);
  console.log(`seed ${seed}: ${original.toFixed(2)} % with all channels (${engine})`);
  for (const league of ['last two layers', 'all layers']) {
    for (const share of [0.9, 0.75, 0.5]) {
      const row = { seed, league, 'channels kept': share, original };
      for (const order of ['tsp', 'identity', 'random']) {
        for (const alignment of ['cells', 'corners']) {
          for (const filter of ['point', 'area']) {
            if (order === 'random' && (alignment === 'corners' || filter === 'area')) continue;
            const name = `${order} ${alignment} ${filter}`;
            const integral = toIntegral(model, { order, filter, interpolation: { alignment } });
            const groups = integralGroups(integral).slice(league === 'all layers' ? 0 : 2);
            const sizes = Object.fromEntries(
              groups.map(({ id, coefficients }) => [id, Math.round(share * coefficients)]),
            );
            resize(integral, sizes);
            row['parameters removed'] = Number(compressionOf(integral).compression.toFixed(3));
            row[name] = accuracy(integral, validation);
            if (filter === 'point') {
              const plain = extract(integral);
              await recalibrate(plain, few());
              row[`${name}, recalibrated`] = accuracy(plain, validation);
              plain.dispose();
            }
            if (alignment === 'cells' && filter === 'point') {
              await tunePartitions(integral, batches(train, seed + 500, 60), {
                optimizer: tf.train.adam(0.005),
              });
              row[`${name}, tuned`] = accuracy(integral, validation);
              const plain = extract(integral);
              await recalibrate(plain, few());
              row[`${name}, tuned, recalibrated`] = accuracy(plain, validation);
              plain.dispose();
            }
            if (row.L1 === undefined) {
              const plain = pruned(model, sizes);
              row.L1 = accuracy(plain, validation);
              await recalibrate(plain, few());
              row['L1, recalibrated'] = accuracy(plain, validation);
            }
            integral.dispose();
          }
        }
      }
      console.log(JSON.stringify(row, null, 1));
      rows.push(row);
    }
  }
}
report(
  'integral-curve',
  'How does accuracy fall with width when nothing but partitions or statistics is fitted (per cent of 2,000 validation images)?',
  rows,
);

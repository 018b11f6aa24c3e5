// How does accuracy fall with width, without any fine-tuning? One small convolutional network on Fashion-MNIST, trained for a few
// minutes; then sampled at fewer channels with and without the permutation, with partitions tuned, with repair, beside L1 pruning.
//   node benchmarks/integral/curve.mjs [--seeds 1] [--images 6000] [--epochs 4]
import { parseArgs } from 'node:util';
import { channelGraph, keepChannels } from '@pleat/channels';
import { loadDataset } from '@pleat/datasets';
import {
  compressionOf,
  extract,
  integralGroups,
  recalibrate,
  resize,
  toIntegral,
  tunePartitions,
} from '@pleat/integral';
import { batchNorm, globalAveragePoolLayer, softmaxCrossEntropy } from '@pleat/ops';
import { permutation, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { report } from '../lib/measure.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    images: { type: 'string', default: '6000' },
    epochs: { type: 'string', default: '4' },
  },
});
const [seeds, images, epochs] = [values.seeds, values.images, values.epochs].map(Number);
try {
  const { registerTorch } = await import('@pleat/backend-torch');
  await registerTorch({ threads: 1 });
  await tf.setBackend('torch');
} catch {
  const { registerWasm } = await import('@pleat/backend-wasm');
  await registerWasm({ threads: 1 });
  await tf.setBackend('wasm');
}
tf.enableProdMode();

const batchSize = 64;
const { train, test } = await loadDataset('fashion-mnist', { download: false });
const shape = [28, 28, 1];
const pixels = 28 * 28;

function batchOf(set, indices) {
  const x = new Float32Array(indices.length * pixels);
  indices.forEach((at, i) => {
    for (let p = 0; p < pixels; p++) x[i * pixels + p] = set.images[at * pixels + p] / 127.5 - 1;
  });
  return {
    x: tf.tensor4d(x, [indices.length, ...shape]),
    y: tf.tensor1d(
      Int32Array.from(indices, (at) => set.labels[at]),
      'int32',
    ),
  };
}

function* batches(seed, count, size = batchSize) {
  const order = permutation(stream(seed, 'batches'), images);
  for (let b = 0; b < count; b++) {
    const indices = Array.from({ length: size }, (_, i) => order[(b * size + i) % images]);
    yield batchOf(train, indices);
  }
}

function network(seed) {
  const input = tf.input({ shape });
  let x = input;
  const block = (name, filters) => {
    const kernelInitializer = tf.initializers.heNormal({ seed: seed * 100 + filters });
    const options = {
      name,
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false,
      kernelInitializer,
    };
    x = tf.layers.conv2d(options).apply(x);
    x = batchNorm({ name: `${name}_norm` }).apply(x);
    x = tf.layers.activation({ name: `${name}_relu`, activation: 'relu' }).apply(x);
  };
  const pool = (name) => {
    x = tf.layers.maxPooling2d({ name, poolSize: 2 }).apply(x);
  };
  block('conv1', 16);
  pool('pool1');
  block('conv2', 32);
  pool('pool2');
  block('conv3', 64);
  block('conv4', 64);
  x = globalAveragePoolLayer({ name: 'pool' }).apply(x);
  return tf.model({
    inputs: input,
    outputs: tf.layers.dense({ name: 'classes', units: 10 }).apply(x),
  });
}

function accuracy(model) {
  const count = 2000;
  let right = 0;
  for (let from = 0; from < count; from += 250) {
    const indices = Array.from({ length: 250 }, (_, i) => from + i);
    right += tf.tidy(() => {
      const { x, y } = batchOf(test, indices);
      return model.predict(x).argMax(-1).equal(y).sum().dataSync()[0];
    });
  }
  return (100 * right) / count;
}

function trained(seed) {
  const model = network(seed);
  const optimizer = tf.train.adam(0.002);
  const steps = Math.floor((images / batchSize) * epochs);
  let step = 0;
  for (const { x, y } of batches(seed, steps)) {
    optimizer.learningRate = 0.004 * (1 - step / steps);
    optimizer.minimize(() => softmaxCrossEntropy(y, model.apply(x, { training: true })));
    tf.dispose([x, y]);
    step++;
  }
  return model;
}

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

const unlabelled = () =>
  Array.from(batches(77, 8, 64), ({ x, y }) => {
    y.dispose();
    return x;
  });
const rows = [];
for (let seed = 1; seed <= seeds; seed++) {
  const model = trained(seed);
  const original = accuracy(model);
  console.log(`seed ${seed}: ${original.toFixed(2)} % with all channels (${tf.getBackend()})`);
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
            row[name] = accuracy(integral);
            if (filter === 'point') {
              const plain = extract(integral);
              await recalibrate(plain, unlabelled());
              row[`${name}, recalibrated`] = accuracy(plain);
              plain.dispose();
            }
            if (alignment === 'cells' && filter === 'point') {
              await tunePartitions(integral, batches(seed + 500, 60), {
                optimizer: tf.train.adam(0.005),
              });
              row[`${name}, tuned`] = accuracy(integral);
              const plain = extract(integral);
              await recalibrate(plain, unlabelled());
              row[`${name}, tuned, recalibrated`] = accuracy(plain);
              plain.dispose();
            }
            if (row.L1 === undefined) {
              const plain = pruned(model, sizes);
              row.L1 = accuracy(plain);
              await recalibrate(plain, unlabelled());
              row['L1, recalibrated'] = accuracy(plain);
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
  'How does accuracy fall with width when nothing but partitions or statistics is fitted (per cent of 2,000 test images)?',
  rows,
);

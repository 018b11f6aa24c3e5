// What does each way of storing batch norms cost in accuracy and bytes? Small masked networks, three seeds, Fashion-MNIST images
// that ship with the packages; all forms of a seed are written from one trained model, read back, and measured on held-out images.
// usage: node norms.mjs [SEEDS=3]
import { decodeModel, encodeModel } from '@pleat/mask';
import * as tf from '@tensorflow/tfjs';
import { report } from '../lib/measure.mjs';
import { accuracy, loadData, spread, startEngine, train } from './lib/experiment.mjs';

const images = 3000;
const epochs = 4;
const batch = 32;
const calibration = 500;

const forms = {
  'four vectors, float32': { norms: 'keep' },
  'four vectors, float16': { norms: 'keep', tensors: 'float16' },
  'four vectors, uint8': { norms: 'keep', tensors: 'uint8' },
  'folded, float32': { norms: 'fold' },
  'folded, float16': { norms: 'fold', tensors: 'float16' },
  'folded, uint8': { norms: 'fold', tensors: 'uint8' },
  [`recomputed on ${calibration} images, float16`]: { norms: 'recompute', tensors: 'float16' },
};

/** The first training images as one tensor. */
function calibrationOf({ train, shape, mean, std }) {
  const pixels = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from(train.images.subarray(0, calibration * pixels), (value, i) => {
    const channel = i % shape[2];
    return (value / 255 - mean[channel]) / std[channel];
  });
  return tf.tensor4d(values, [calibration, ...shape]);
}

const [seeds = '3'] = process.argv.slice(2);
const engine = await startEngine();
const measured = new Map();
for (let seed = 0; seed < Number(seeds); seed++) {
  const data = await loadData(seed, images);
  const calibrate = calibrationOf(data);
  for (const affineNorms of [true, false]) {
    const mask = { learner: 'signed', affineNorms };
    const { model } = await train(data, { epochs, batch, seed, mask });
    const named = affineNorms ? 'trained scale and shift' : 'none';
    for (const [form, options] of Object.entries(forms)) {
      const file = await encodeModel(model, options);
      const decoded = await decodeModel(file, { calibrate });
      const key = `${named}: ${form}`;
      const rows = measured.get(key) ?? [];
      const share = await accuracy(decoded, data.validation, data);
      measured.set(key, [...rows, { accuracy: 100 * share, bytes: file.length }]);
      decoded.dispose();
    }
    model.dispose();
  }
  calibrate.dispose();
}
const first = measured.get('trained scale and shift: four vectors, float32');
const rows = [...measured].map(([key, runs]) => {
  const [affine, form] = key.split(': ');
  const own = spread(runs.map(({ accuracy }) => accuracy));
  // Of one model, written in two ways: what training left to chance is in neither.
  const cost = spread(runs.map(({ accuracy }, i) => first[i].accuracy - accuracy));
  return {
    affine,
    'in the file': form,
    'accuracy %': Number(own.mean.toFixed(2)),
    'deviation %': Number(own.deviation.toFixed(2)),
    'points below the first': Number(cost.mean.toFixed(2)),
    'file bytes': Math.round(spread(runs.map(({ bytes }) => bytes)).mean),
    seeds: runs.length,
  };
});
report(
  'compression-norms',
  `What do batch norms cost, in bytes and validation accuracy? ConvMixer 48/2 (patch 4) with signed masks, ${images} Fashion-MNIST images, ${epochs} epochs, engine ${engine}`,
  rows,
);
process.exit(0);

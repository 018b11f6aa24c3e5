// How many images a second does a full training step take: forward, backward, AdamW, loss read?
// ConvMixer 64/4, kernel 5, patch 2, 32 x 32 x 3, batch 64. Besides wall time the processor time of a step
// is given, which other programs on the machine disturb less.
import { registerWasm } from '@pleat/backend-wasm';
import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { alternate, median, processorTime, report } from '../lib/measure.mjs';

const batch = 64;

async function contestant(threads) {
  const info = await registerWasm({ threads });
  await tf.setBackend('wasm');
  const model = convMixer({ inputShape: [32, 32, 3], classes: 10, dim: 64, depth: 4 });
  const optimizer = adamw({ learningRate: 0.01 });
  const x = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 7);
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, index) => index % 10),
    'int32',
  );
  const step = () => {
    const loss = optimizer.minimize(
      () => softmaxCrossEntropy(labels, model.apply(x, { training: true })),
      true,
    );
    loss.dataSync();
    loss.dispose();
  };
  const predict = () => tf.tidy(() => model.predict(x, { batchSize: batch }).dataSync());
  return { step, predict, threads: info.threads };
}

const rows = {};
for (const wanted of [1, 2]) {
  const { step, predict, threads } = await contestant(wanted);
  const processor = { 'training step': [], predict: [] };
  const timed = (name, work) => () => {
    const start = processorTime();
    work();
    processor[name].push(processorTime() - start);
  };
  const contestants = {
    'training step': timed('training step', step),
    predict: timed('predict', predict),
  };
  const times = await alternate(contestants, { rounds: 25, warmup: 3 });
  for (const [name, { median: middle, min }] of Object.entries(times)) {
    rows[`${name}, ${threads} thread${threads > 1 ? 's' : ''}`] = {
      'wall ms (median)': +middle.toFixed(1),
      'images/s (median)': Math.round((batch / middle) * 1000),
      'images/s (best)': Math.round((batch / min) * 1000),
      'processor ms (median)': +median(processor[name]).toFixed(1),
    };
  }
}
report(
  'backend-wasm',
  'How fast does ConvMixer 64/4 train and predict, batch 64, 32 x 32 x 3?',
  rows,
);

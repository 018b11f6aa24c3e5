// What does a call cost beside what it computes: an op, and a training step outside of libtorch?
// usage: node benchmarks/engine/dispatch.mjs [--threads N] [--steps N]
// An op on 16 numbers computes next to nothing: its time is the way there and back. A step's time outside of libtorch is
// what is left after the calls into the library, each timed; timing them costs about 0.1 us a call.
import { parseArgs } from 'node:util';
import { profileTorch, registerTorch } from '@pleat/backend-torch';
import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, frugalGrads } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { median, report } from '../lib/measure.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '15' },
  },
});
const steps = Number(values.steps);
await registerTorch({ threads: Number(values.threads) });
await tf.setBackend('torch');

/** Microseconds a call, the median of 9 runs of 500 calls. */
function perCall(op) {
  const run = () => {
    const start = performance.now();
    for (let i = 0; i < 500; i++) op().dispose();
    return ((performance.now() - start) / 500) * 1000;
  };
  run();
  return +median(Array.from({ length: 9 }, run)).toFixed(2);
}

const x = tf.randomNormal([4, 4], 0, 1, 'float32', 1);
const image = tf.randomNormal([1, 4, 4, 4], 0, 1, 'float32', 2);
const filter = tf.randomNormal([3, 3, 4, 4], 0, 1, 'float32', 3);
const ops = {
  'reshape, no call': () => x.reshape([16]),
  'relu of 16 numbers': () => tf.relu(x),
  'sum of two of 16 numbers': () => tf.add(x, x),
  'matrix product 4 x 4': () => tf.matMul(x, x),
  'convolution 3 x 3 of 4 x 4 x 4': () => tf.conv2d(image, filter, 1, 'same'),
};
report(
  'engine-dispatch-ops',
  'What does an op cost through tfjs on libtorch that computes next to nothing?',
  Object.entries(ops).map(([op, run]) => ({ op, 'us a call': perCall(run) })),
);

function measureStep(batch) {
  const model = convMixer({ dim: 64, depth: 4, kernelSize: 5, patchSize: 2 });
  const optimizer = adamw({ learningRate: 0.001 });
  const variables = model.trainableWeights.map((weight) => weight.read());
  const images = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 7);
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 10),
    'int32',
  );
  const step = () => {
    const compute = () => softmaxCrossEntropy(labels, model.apply(images, { training: true }));
    const { value, grads } = frugalGrads(compute, variables);
    optimizer.applyGradients(grads);
    value.dataSync();
    tf.dispose([value, grads]);
  };
  const timed = () => {
    const start = performance.now();
    step();
    return performance.now() - start;
  };
  for (let i = 0; i < 5; i++) step();
  const plain = median(Array.from({ length: steps }, timed));
  const profiles = Array.from({ length: steps }, () => {
    const { ms, calls } = profileTorch(step);
    const inside = calls.reduce((sum, call) => sum + call.ms, 0);
    const count = calls.reduce((sum, call) => sum + call.count, 0);
    return { outside: ms - inside, share: 1 - inside / ms, count };
  });
  optimizer.dispose();
  model.dispose();
  tf.dispose([images, labels]);
  return {
    batch,
    'ms a step': +plain.toFixed(2),
    'ms outside of libtorch': +median(profiles.map(({ outside }) => outside)).toFixed(2),
    'share outside %': +(100 * median(profiles.map(({ share }) => share))).toFixed(1),
    'calls into libtorch': profiles[0].count,
  };
}

report(
  'engine-dispatch-step',
  'How much of a training step of ConvMixer 64/4 is spent outside of libtorch?',
  [1, 16, 64].map(measureStep),
);

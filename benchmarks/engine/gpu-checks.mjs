// Three promises of the engine on a GPU: reading leaves the event loop free, memory stays flat over 1,000 training steps, and
// the same program gives the same bits.
// usage: node benchmarks/engine/gpu-checks.mjs [--steps N], or node pleat.mjs gpu-checks from the file of pnpm bundle
import { parseArgs } from 'node:util';
import { memoryStats, registerCuda } from '@pleat/backend-cuda';
import { resNet } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, frugalGrads } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { report } from '../lib/measure.mjs';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '1000' } } });
const { backend, version, device } = await registerCuda({ torch: { deterministic: 'prefer' } });
await tf.setBackend(backend);

/** Turns of the event loop while data() waits for about a second of products, and the longest pause between two. */
async function readWhileBusy() {
  const size = 8192;
  const a = tf.randomNormal([size, size], 0, 1 / Math.sqrt(size), 'float32', 1);
  const product = tf.tidy(() => {
    let y = a;
    for (let i = 0; i < 40; i++) y = tf.matMul(y, a);
    return y.slice([0, 0], [1, size]);
  });
  let [turns, longest, last] = [0, 0, performance.now()];
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    turns++;
  };
  const timer = setInterval(tick, 1);
  const start = performance.now();
  const values = await product.data();
  const waited = performance.now() - start;
  tick();
  clearInterval(timer);
  tf.dispose([a, product]);
  const finite = values.every(Number.isFinite);
  return { 'waited ms': waited, turns, 'longest pause ms': longest, finite };
}

/** Trains ResNet-20 on noise; says what is held after a fifth of the steps and at the end, and the last weights. */
function train(steps) {
  const model = resNet({ depth: 20, seed: 5 });
  const optimizer = adamw({ learningRate: 0.001 });
  const x = tf.randomNormal([128, 32, 32, 3], 0, 1, 'float32', 7);
  const labels = tf.tensor1d(
    Array.from({ length: 128 }, (_, i) => i % 10),
    'int32',
  );
  const variables = model.trainableWeights.map((weight) => weight.read());
  const held = () => {
    const { numTensors, torchBytes, torchProcessBytes } = tf.memory();
    const gpuBytes = memoryStats().usedBytes;
    return { tensors: numTensors, torchBytes, gpuBytes, processBytes: torchProcessBytes };
  };
  let early;
  for (let step = 1; step <= steps; step++) {
    const compute = () => softmaxCrossEntropy(labels, model.apply(x, { training: true }));
    const { value, grads } = frugalGrads(compute, variables);
    optimizer.applyGradients(grads);
    value.dataSync();
    tf.dispose([value, grads]);
    if (step === Math.ceil(steps / 5)) early = held();
  }
  const late = held();
  const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()]);
  model.dispose();
  tf.dispose([x, labels]);
  optimizer.dispose();
  return { early, late, weights };
}

const reading = await readWhileBusy();
const { early, late } = train(Number(values.steps));
const [one, other] = [train(20), train(20)];
const different = one.weights.filter((value, i) => !Object.is(value, other.weights[i])).length;
report('engine-gpu-checks', `What holds on one ${device.name}, libtorch ${version}?`, [
  { check: 'data() while the GPU is busy', ...reading },
  { check: `after ${Math.ceil(values.steps / 5)} steps`, ...early },
  { check: `after ${values.steps} steps`, ...late },
  { check: 'weights of two runs of 20 steps', count: one.weights.length, different },
]);

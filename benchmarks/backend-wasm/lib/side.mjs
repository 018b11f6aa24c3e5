// One side of the comparison in kernels.mjs, in a process of its own: the stock and the extended wasm
// backend share one registry of kernels, so one process cannot hold both.
import { registerWasm } from '@pleat/backend-wasm';
import { batchNormTrain, gelu } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const side = process.argv[2];
if (side !== 'stock') await registerWasm({ threads: Number(side) });
await tf.setBackend('wasm');

const shape = [32, 16, 16, 64];
const x = tf.randomNormal(shape, 0, 1, 'float32', 1);
const dy = tf.randomNormal(shape, 0, 1, 'float32', 2);
const depthwise = tf.randomNormal([5, 5, 64, 1], 0, 1, 'float32', 3);
const pointwise = tf.randomNormal([1, 1, 64, 64], 0, 1, 'float32', 4);
const square = tf.randomNormal([512, 512], 0, 1, 'float32', 5);
const ones = tf.ones([64]);
const zeros = tf.zeros([64]);

/** What one writes on the stock backend, which has no such kernel: a product and a sum for each tap. */
function filterGradient() {
  const padded = tf.pad(x, [
    [0, 0],
    [2, 2],
    [2, 2],
    [0, 0],
  ]);
  const taps = [];
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 5; j++) {
      taps.push(tf.slice(padded, [0, i, j, 0], shape).mul(dy).sum([0, 1, 2]));
    }
  }
  return tf.stack(taps).reshape([5, 5, 64, 1]);
}

const conv = (filter) => tf.conv2d(x, filter, 1, 'same');
const attributes = { strides: [1, 1], pad: 'same', dilations: [1, 1], filterShape: [5, 5, 64, 1] };
const filterGradientKernel = () =>
  tf.engine().runKernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, attributes);

const operations = {
  'matrix product 512': () => tf.matMul(square, square),
  '1 x 1 convolution': () => conv(pointwise),
  'depthwise 5 x 5': () => tf.depthwiseConv2d(x, depthwise, 1, 'same'),
  'depthwise 5 x 5, filter gradient': side === 'stock' ? filterGradient : filterGradientKernel,
  'sum over leading axes': () => tf.sum(x, [0, 1, 2]),
  'gelu and its gradient': () => tf.grad((v) => gelu(v))(x, dy),
  'batch norm and its gradient': () =>
    tf.grads((v, gamma, beta) => batchNormTrain(v, gamma, beta)[0])([x, ones, zeros], dy),
};

process.on('message', (name) => {
  const start = performance.now();
  tf.tidy(() => {
    const out = operations[name]();
    // Reading one number makes sure that all is done.
    for (const tensor of Array.isArray(out) ? out : [out]) tensor.flatten().slice(0, 1).dataSync();
  });
  process.send(performance.now() - start);
});
process.send(Object.keys(operations));

// A worker thread of its own backend: trains a line by the built package and sends back what came of it.
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { registerTorch } from '../dist/index.js';

const { path, threads, seed } = workerData;
const info = await registerTorch({ path, threads });
await tf.setBackend('torch');
const tensors = tf.memory().numTensors;
const results = tf.tidy(() => {
  let x = tf.randomUniform([48, 48], -1, 1, 'float32', seed);
  for (let i = 0; i < 60; i++) x = tf.tanh(tf.matMul(x, x).div(4));
  return Array.from(x.dataSync());
});
let refused = '';
try {
  tf.engine().runKernel('Sum', { x: tf.ones([3]) }, { axis: 5 });
  tf.tidy(() => tf.engine().runKernel('BatchMatMul', { a: tf.ones([3]), b: tf.ones([3]) }, {}));
} catch (error) {
  refused = error.message;
}
parentPort.postMessage({ results, threads: info.threads, tensors, refused });
tf.removeBackend('torch');

// A worker thread that reads large tensors by the built package, and sends what it found, or ends before it has it.
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { registerTorch } from '../dist/index.js';

const { path, end } = workerData;
await registerTorch({ path, threads: 1 });
await tf.setBackend('torch');
const x = tf.range(0, 2 ** 22, 1, 'float32');
const pending = Promise.all(Array.from({ length: 20 }, () => x.data()));
x.dispose();
if (end === 'wait') {
  let turned = 0;
  setImmediate(() => {
    turned = 1;
  });
  const [values] = await pending;
  parentPort.postMessage([values[0], values.at(-1), turned]);
  tf.removeBackend('torch');
} else {
  parentPort.postMessage([]);
}

// A small convolutional network on the shipped Fashion-MNIST images: what the benchmarks of integral networks train in a minute.
import { loadDataset } from '@pleat/datasets';
import { batchNorm, globalAveragePoolLayer, softmaxCrossEntropy } from '@pleat/ops';
import { permutation, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';

const shape = [28, 28, 1];
const pixels = 28 * 28;
const batchSize = 64;

/** The fastest engine there is, on one thread. */
export async function startEngine() {
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
  return tf.getBackend();
}

/** Training images, and validation images held out of them; the test images are left alone. */
export const loadImages = () =>
  loadDataset('fashion-mnist-subset', { download: false, validation: 2000, seed: 0 });

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

/** Batches of a split in a random order, again and again. */
export function* batches(set, seed, count, size = batchSize) {
  let order;
  const each = Math.floor(set.length / size);
  for (let b = 0; b < count; b++) {
    if (b % each === 0) order = permutation(stream(seed, `batches/${b / each}`), set.length);
    yield batchOf(set, order.slice((b % each) * size, ((b % each) + 1) * size));
  }
}

/** Four convolutions of 16, 32, 64 and 64 channels with batch norms. */
export function network(seed) {
  const input = tf.input({ shape });
  let x = input;
  const block = (name, filters) => {
    const kernelInitializer = tf.initializers.heNormal({ seed: seed * 100 + filters });
    const options = { name, filters, kernelSize: 3, padding: 'same', useBias: false };
    x = tf.layers.conv2d({ ...options, kernelInitializer }).apply(x);
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
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  const classes = tf.layers.dense({ name: 'classes', units: 10, kernelInitializer });
  return tf.model({ inputs: input, outputs: classes.apply(x) });
}

/** The network, trained with Adam on a falling rate. */
export function trained(set, seed, epochs) {
  const model = network(seed);
  const optimizer = tf.train.adam(0.002);
  const steps = Math.floor(set.length / batchSize) * epochs;
  let step = 0;
  for (const { x, y } of batches(set, seed, steps)) {
    optimizer.learningRate = 0.004 * (1 - step / steps);
    optimizer.minimize(() => softmaxCrossEntropy(y, model.apply(x, { training: true })));
    tf.dispose([x, y]);
    step++;
  }
  optimizer.dispose();
  return model;
}

/** Per cent of a split that a model names rightly. */
export function accuracy(model, set) {
  let right = 0;
  for (let from = 0; from < set.length; from += 250) {
    const indices = Array.from({ length: Math.min(250, set.length - from) }, (_, i) => from + i);
    right += tf.tidy(() => {
      const { x, y } = batchOf(set, indices);
      return model.predict(x).argMax(-1).equal(y).sum().dataSync()[0];
    });
  }
  return (100 * right) / set.length;
}

/** The inputs of batches alone. */
export const unlabelled = (set, seed, count) =>
  Array.from(batches(set, seed, count), ({ x, y }) => {
    y.dispose();
    return x;
  });

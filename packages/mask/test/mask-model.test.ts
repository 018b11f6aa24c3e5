import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { bake, maskModel } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function smallConvNet(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.depthwiseConv2d({ kernelSize: 3 }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5 }),
    ],
  });
}

test('fit reaches scores and biases', async () => {
  const model = maskModel(smallConvNet());
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const before = model.getWeights().map((w) => w.dataSync().slice());
  await model.fit(tf.randomNormal([16, 8, 8, 3]), tf.randomNormal([16, 5]), {
    verbose: 0,
    epochs: 2,
  });
  const after = model.getWeights().map((w) => w.dataSync());
  const changed = after.map((w, i) => w.some((v, j) => v !== before[i]?.[j]));
  expect(changed).toEqual(changed.map(() => true));
});

test('bake predicts the same', async () => {
  const model = maskModel(smallConvNet(), { learner: 'edge-popup' });
  const plain = bake(model);
  const x = tf.randomNormal([4, 8, 8, 3]);
  expect((plain.predict(x) as tf.Tensor).dataSync()).toEqual(
    (model.predict(x) as tf.Tensor).dataSync(),
  );
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import * as ops from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
test('smoke', async () => {
  const m = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1] }),
      ops.geluLayer(),
      ops.batchNorm(),
      ops.globalAveragePoolLayer(),
      tf.layers.reshape({ targetShape: [2, 2] }),
      ops.classTokenLayer(),
      ops.positionEmbeddingLayer(),
      ops.layerNormLayer(),
      ops.multiHeadAttentionLayer({ heads: 2 }),
      ops.firstTokenLayer(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  m.compile({
    optimizer: 'adam',
    loss: (a, b) => ops.softmaxCrossEntropy(a, b, { labelSmoothing: 0.1 }),
  });
  const h = await m.fit(
    tf.randomNormal([16, 8, 8, 1]),
    tf.oneHot(
      Array.from({ length: 16 }, (_, i) => i % 3),
      3,
    ),
    { epochs: 3, verbose: 0 },
  );
  console.log(h.history.loss);
  ops.topKMask(tf.tensor1d([1, -3, 2, 3]), 2).print();
  expect(1).toBe(1);
});

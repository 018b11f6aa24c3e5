import {
  batchNorm,
  geluLayer,
  globalAveragePoolLayer,
  layerNormLayer,
  multiHeadAttentionLayer,
  softmaxCrossEntropy,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { adamw, clipByGlobalNorm, cosine } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('1,000 steps of a custom loop learn the labels and leave no tensor', () => {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 2 });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 2, inputShape: [3, 3, 1], kernelInitializer }),
      geluLayer(),
      batchNorm(),
      tf.layers.reshape({ targetShape: [4, 4] }),
      layerNormLayer(),
      multiHeadAttentionLayer({ heads: 2, kernelInitializer }),
      tf.layers.reshape({ targetShape: [2, 2, 4] }),
      globalAveragePoolLayer(),
      tf.layers.dense({ units: 3, kernelInitializer }),
    ],
  });
  const x = tf.tensor4d(
    Float32Array.from({ length: 54 }, (_, i) => Math.sin(i * i)),
    [6, 3, 3, 1],
  );
  const labels = tf.tensor1d([0, 1, 2, 2, 1, 0], 'int32');
  const optimizer = adamw({ learningRate: 0 });
  const rate = cosine({ total: 1000, peak: 0.02, warmup: 100 });
  const step = (at: number): number => {
    const { value, grads } = tf.variableGrads(() =>
      softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor),
    );
    const { gradients, norm } = clipByGlobalNorm(grads, 1);
    optimizer.learningRate = rate(at);
    optimizer.applyGradients(gradients);
    const loss = value.dataSync()[0]!;
    tf.dispose([value, grads, gradients, norm]);
    return loss;
  };
  step(0);
  const before = tf.memory();
  let last = 0;
  for (let at = 1; at <= 1000; at++) last = step(at);
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
  expect(last).toBeLessThan(0.01);
});

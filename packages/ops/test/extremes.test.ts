import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  attention,
  batchNormTrain,
  gelu,
  globalAveragePool,
  layerNorm,
  multiHeadAttention,
  softmaxCrossEntropy,
} from '../src/index.ts';
import * as reference from './reference.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('gelu', () => {
  const erfKernel = tf.getKernel('Erf', 'cpu');
  afterEach(() => {
    if (tf.getKernel('Erf', 'cpu') === undefined) tf.registerKernel(erfKernel);
  });

  const grid = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) / 100);
  const wanted = reference.gelu(Float64Array.from(grid), false);

  test.each(['with', 'without'])(
    'is within 2e-7 |x| of float64 on [-10, 10] %s an Erf kernel',
    (erf) => {
      if (erf === 'without') tf.unregisterKernel('Erf', 'cpu');
      const y = gelu(tf.tensor1d(grid)).dataSync();
      const worst = Math.max(
        ...grid.map((x, i) => Math.abs(y[i]! - wanted[i]!) / Math.max(Math.abs(x), 0.01)),
      );
      expect(worst).toBeLessThan(2e-7);
    },
  );

  test('is 0 and x in the far tails, with slope 0 and 1', () => {
    for (const approximate of [false, true]) {
      const x = tf.tensor1d([-1e4, -50, 0, 50, 1e4]);
      expect([...gelu(x, { approximate }).dataSync()].map((v) => v + 0)).toEqual([
        0, 0, 0, 50, 1e4,
      ]);
      const slope = tf.grad((x) => gelu(x, { approximate }))(x);
      expect([...slope.dataSync()].map((v) => v + 0)).toEqual([0, 0, 0.5, 1, 1]);
    }
  });
});

test('batchNormTrain keeps the variance of data far from zero', () => {
  const x = tf.tensor2d([10000, 10001, 10002, 10003], [4, 1]);
  const [y, mean, variance] = batchNormTrain(x, tf.ones([1]), tf.zeros([1]), { epsilon: 0 });
  expect(mean.dataSync()[0]).toBe(10001.5);
  expect(variance.dataSync()[0]).toBe(1.25);
  expect(y.dataSync()[3]).toBeCloseTo(1.5 / Math.sqrt(1.25), 6);
});

test('batchNormTrain: the gradient of a sum is zero in x, the number of rows in beta', () => {
  const x = tf.tensor2d([1, 2, 4, 9], [4, 1]);
  const [dx, dgamma, dbeta] = tf.grads((x, gamma, beta) =>
    batchNormTrain(x!, gamma!, beta!)[0].sum(),
  )([x, tf.ones([1]), tf.zeros([1])]);
  expect(Math.max(...dx!.abs().dataSync())).toBeLessThan(1e-6);
  expect(dgamma!.dataSync()[0]).toBeCloseTo(0, 5);
  expect(dbeta!.dataSync()[0]).toBe(4);
});

test('batchNormTrain lets no gradient through its statistics', () => {
  const x = tf.tensor2d([1, 2, 4, 9], [4, 1]);
  expect(() => tf.grad((x) => batchNormTrain(x, tf.ones([1]), tf.zeros([1]))[1].sum())(x)).toThrow(
    /Cannot compute gradient/,
  );
});

test('softmaxCrossEntropy is exact for logits no exponential could hold', () => {
  const logits = tf.tensor2d([1e30, 0, -1e30, 5e4, 5e4, -5e4], [2, 3]);
  const labels = tf.tensor1d([0, 1], 'int32');
  expect(softmaxCrossEntropy(labels, logits).dataSync()[0]).toBeCloseTo(Math.LN2 / 2, 6);
  const gradient = tf
    .grad((z) => softmaxCrossEntropy(labels, z))(logits)
    .dataSync();
  [0, 0, 0, 0.25, -0.25, 0].forEach((v, i) => {
    expect(gradient[i]).toBeCloseTo(v, 6);
  });
});

test('softmaxCrossEntropy takes [n, 1] and float class indices', () => {
  const logits = tf.tensor2d([1, 2, 3, 0, 1, 0], [2, 3]);
  const wanted = softmaxCrossEntropy(tf.tensor1d([2, 0], 'int32'), logits).dataSync()[0];
  expect(softmaxCrossEntropy(tf.tensor2d([2, 0], [2, 1]), logits).dataSync()[0]).toBe(wanted);
});

test('attention with scores no exponential could hold picks the best value', () => {
  const q = tf.tensor4d([1e4, 0], [1, 1, 1, 2]).tile<tf.Tensor4D>([1, 1, 2, 1]);
  const k = tf.tensor4d([1e4, 0, -1e4, 0], [1, 1, 2, 2]);
  const v = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
  expect([...attention(q, k, v).dataSync()]).toEqual([1, 2, 1, 2]);
});

describe('errors say what was expected, what was found and what to do', () => {
  const eye = tf.eye(4);
  const kernels = { queryKernel: eye, keyKernel: eye, valueKernel: eye, outputKernel: eye };
  test.each<[string, RegExp, () => unknown]>([
    [
      'norm of rank 1',
      /batchNormTrain: expected x of rank 2/,
      () => batchNormTrain(tf.ones([3]), tf.ones([3]), tf.ones([3])),
    ],
    [
      'gamma of another width',
      /layerNorm: expected gamma of shape \[3\].*got \[2\]/,
      () => layerNorm(tf.ones([2, 3]), tf.ones([2]), tf.ones([3])),
    ],
    [
      'heads apart',
      /attention: expected q, k and v of one shape/,
      () => attention(tf.ones([1, 1, 2, 3]), tf.ones([1, 1, 2, 3]), tf.ones([1, 1, 3, 3])),
    ],
    [
      'heads that do not divide',
      /expected heads to divide the projected width 4, got 3/,
      () => multiHeadAttention(tf.ones([1, 2, 4]), kernels, { heads: 3 }),
    ],
    [
      'tokens without batch',
      /expected x of shape \[batch, tokens, dim\]/,
      () => multiHeadAttention(tf.ones([2, 4]) as tf.Tensor as tf.Tensor3D, kernels, { heads: 2 }),
    ],
    [
      'pooling rank 3',
      /expected x of shape \[batch, height, width, channels\]/,
      () => globalAveragePool(tf.ones([2, 2, 2]) as tf.Tensor as tf.Tensor4D),
    ],
    [
      'labels of another length',
      /expected labels of shape \[2\].*got \[3\]/,
      () => softmaxCrossEntropy(tf.ones([3]), tf.ones([2, 4])),
    ],
    [
      'smoothing above 1',
      /labelSmoothing in \[0, 1\], got 2/,
      () => softmaxCrossEntropy(tf.ones([2]), tf.ones([2, 4]), { labelSmoothing: 2 }),
    ],
    [
      'logits of rank 3',
      /expected logits of shape \[n, classes\]/,
      () => softmaxCrossEntropy(tf.ones([2]), tf.ones([2, 4, 1])),
    ],
  ])('%s', (_, message, run) => {
    expect(run).toThrow(message);
  });
});

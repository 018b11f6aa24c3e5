import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import {
  attention,
  batchNormInfer,
  batchNormTrain,
  gelu,
  globalAveragePool,
  layerNorm,
  multiHeadAttention,
  softmaxCrossEntropy,
  topKMask,
} from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const one = tf.ones([4]);
const image = tf.ones<tf.Rank.R4>([2, 3, 3, 4]);
const tokens = tf.ones<tf.Rank.R3>([2, 3, 4]);
const heads = tf.ones<tf.Rank.R4>([2, 2, 3, 4]);
const eye = tf.eye(4);
const kernels = { queryKernel: eye, keyKernel: eye, valueKernel: eye, outputKernel: eye };
const labels = tf.tensor1d([0, 1, 2], 'int32');
const logits = tf.ones([3, 4]);

test.each<[string, number, () => unknown]>([
  ['gelu', 1, () => gelu(image)],
  ['gelu, tanh', 1, () => gelu(image, { approximate: true })],
  ['batchNormTrain', 3, () => batchNormTrain(image, one, one)],
  ['batchNormInfer', 1, () => batchNormInfer(image, one, one, one, one)],
  ['layerNorm', 1, () => layerNorm(tokens, one, one)],
  ['attention', 1, () => attention(heads, heads, heads)],
  ['multiHeadAttention', 1, () => multiHeadAttention(tokens, kernels, { heads: 2 })],
  ['softmaxCrossEntropy', 1, () => softmaxCrossEntropy(labels, logits)],
  ['globalAveragePool', 1, () => globalAveragePool(image)],
  ['topKMask', 1, () => topKMask(image, 5)],
])('%s makes %i tensors outside any tidy and no more', (_, made, run) => {
  const before = tf.memory().numTensors;
  const result = run();
  expect(tf.memory().numTensors - before).toBe(made);
  tf.dispose(result as tf.Tensor);
  expect(tf.memory().numTensors).toBe(before);
});

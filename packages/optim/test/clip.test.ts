import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { clipByGlobalNorm } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('scales all gradients by one factor when their joint norm is above the bound', () => {
  const given = { a: tf.tensor2d([2, 3], [1, 2]), b: tf.tensor1d([6]) };
  const before = tf.memory().numTensors;
  const { gradients, norm } = clipByGlobalNorm(given, 3.5);
  expect(norm.dataSync()[0]).toBe(7);
  expect(gradients.a.arraySync()).toEqual([[1, 1.5]]);
  expect(gradients.b.arraySync()).toEqual([3]);
  expect(tf.memory().numTensors).toBe(before + 3);
});

test('leaves them as they are at or below the bound, and at zero', () => {
  const { gradients } = clipByGlobalNorm({ a: tf.tensor1d([3, 4]), z: tf.zeros([2]) }, 5);
  expect(gradients.a.arraySync()).toEqual([3, 4]);
  const still = clipByGlobalNorm({ z: tf.zeros([2]) }, 1);
  expect(still.gradients.z.arraySync()).toEqual([0, 0]);
  expect(still.norm.dataSync()[0]).toBe(0);
});

test('passes over absent gradients', () => {
  const absent = { a: tf.tensor1d([2]), none: null as unknown as tf.Tensor };
  const { gradients } = clipByGlobalNorm(absent, 1);
  expect(Object.keys(gradients)).toEqual(['a']);
});

test.each([0, -1, Number.NaN])('refuses a bound of %s', (maxNorm) => {
  expect(() => clipByGlobalNorm({}, maxNorm)).toThrow(/expected maxNorm above 0/);
});

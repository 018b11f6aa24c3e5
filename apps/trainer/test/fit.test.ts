import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { UsageError } from '../src/cli/errors.ts';
import { checkFit } from '../src/train/fit.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const data = {
  name: 'digits',
  shape: [8, 8, 1] as [number, number, number],
  classes: [...'0123456789'],
};

function model(input: (number | null)[], filters: number, flat: boolean): tf.LayersModel {
  const x = tf.input({ shape: input });
  const y = tf.layers.dense({ units: filters }).apply(x) as tf.SymbolicTensor;
  const z = flat ? (tf.layers.globalAveragePooling2d({}).apply(y) as tf.SymbolicTensor) : y;
  return tf.model({ inputs: x, outputs: z });
}

test('a classifier of such images fits, of any size too', () => {
  checkFit(model([8, 8, 1], 10, true), data);
  checkFit(model([null, null, 1], 10, true), data);
});

test.each([
  ['other images', () => model([9, 8, 1], 10, true), '9 x 8 x 1 and tells 10'],
  ['other classes', () => model([8, 8, 1], 11, true), '8 x 8 x 1 and tells 11'],
  ['a class for each pixel', () => model([8, 8, 1], 10, false), 'tells 8 x 8 x 10 classes apart'],
  ['fewer dimensions', () => model([8], 10, false), 'images of 8 and tells 10'],
])('%s are refused', (_what, make, message) => {
  expect(() => checkFit(make(), data)).toThrow(UsageError);
  expect(() => checkFit(make(), data)).toThrow(message);
});

test('two outputs are refused', () => {
  const x = tf.input({ shape: [8, 8, 1] });
  const flat = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  const head = () => tf.layers.dense({ units: 10 }).apply(flat) as tf.SymbolicTensor;
  const two = tf.model({ inputs: x, outputs: [head(), head()] });
  expect(() => checkFit(two, data)).toThrow('The model has 1 inputs and 2 outputs');
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { cases, checkCase } from '../../ops/test/cases.ts';
import { useWasm } from './setup.ts';

beforeAll(() => useWasm());

test.each(Object.entries(cases))('%s: value and gradients as in float64', (_, one) => {
  checkCase(one);
  expect(tf.getBackend()).toBe('wasm');
});

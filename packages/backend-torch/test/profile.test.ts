import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileTorch, registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

test('refuses another backend', async () => {
  await tf.setBackend('cpu');
  expect(() => profileTorch(() => undefined)).toThrow(/expected the backend 'torch', found 'cpu'/);
});

describe.skipIf(torchFolder === undefined)('profileTorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('counts ops by name, and stops counting', () => {
    const work = () => tf.dispose([1, 2, 3].map(() => tf.tidy(() => tf.relu(tf.ones([8])))));
    const { ms, calls } = profileTorch(work);
    expect(calls.find(({ name }) => name === 'aten::relu')?.count).toBe(3);
    const inside = calls.reduce((sum, call) => sum + call.ms, 0);
    expect(inside).toBeGreaterThan(0);
    expect(inside).toBeLessThan(ms);
    work();
    expect(calls.find(({ name }) => name === 'aten::relu')?.count).toBe(3);
  });

  test('stops counting after an error too', () => {
    const { relu } = tf;
    expect(() =>
      profileTorch(() => {
        relu(tf.ones([1]));
        throw new Error('no luck');
      }),
    ).toThrow('no luck');
    expect(profileTorch(() => undefined).calls).toEqual([]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch, type TorchMemory } from '../src/index.ts';
import { torchFolder } from './found.ts';

const memory = () => tf.memory() as unknown as TorchMemory;

describe.skipIf(torchFolder === undefined)('the account of memory', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('counts the bytes of tensors, shared ones once, and their most', () => {
    const { torchBytes: before } = memory();
    const size = 2 ** 22;
    const x = tf.ones([size]);
    const same = x.reshape([2, size / 2]);
    const flags = x.toBool();
    expect(memory().torchBytes - before).toBe(5 * size);
    flags.dispose();
    x.dispose();
    expect(memory().torchBytes - before).toBe(4 * size);
    same.dispose();
    expect(memory().torchBytes).toBe(before);
    expect(memory().torchPeakBytes).toBeGreaterThanOrEqual(before + 5 * size);
  });

  test('tells what heap and process take, which is at least what tensors do', () => {
    const size = 2 ** 25;
    const before = memory();
    const x = tf.ones([size]);
    const { torchReservedBytes, torchProcessBytes, unreliable } = memory();
    if (before.torchReservedBytes > 0) expect(torchReservedBytes).toBeGreaterThan(4 * size);
    expect(torchProcessBytes).toBeGreaterThan(before.torchProcessBytes + 3 * size);
    expect(unreliable).toBe(false);
    x.dispose();
  });
});

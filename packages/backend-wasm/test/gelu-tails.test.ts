import { gelu } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from './setup.ts';

beforeAll(() => useWasm());

describe.each([false, true])('gelu, approximate: %s', (approximate) => {
  it('is 0 and x in the far tails, with slope 0 and 1', () => {
    // Nine numbers: two whole vectors of lanes and a tail.
    const far = [-1e30, -1e20, -1e4, -50, -15, 15, 50, 1e4, 1e20];
    const [y, slope] = tf.tidy(() => {
      const x = tf.tensor1d(far);
      const op = (v: tf.Tensor) => gelu(v, { approximate });
      return [op(x).dataSync(), tf.grad(op)(x).dataSync()];
    });
    // Adding 0 makes -0 a 0.
    expect([...y].map((v) => v + 0)).toEqual(
      [...Float32Array.from(far)].map((v) => Math.max(0, v)),
    );
    expect([...slope].map((v) => v + 0)).toEqual(far.map((v) => Number(v > 0)));
  });

  it('keeps NaN, and its slope too', () => {
    const x = tf.tensor1d(Array.from({ length: 9 }, () => Number.NaN));
    const op = (v: tf.Tensor) => gelu(v, { approximate });
    expect([...op(x).dataSync()].every(Number.isNaN)).toBe(true);
    expect([...tf.grad(op)(x).dataSync()].every(Number.isNaN)).toBe(true);
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

const x = () => tf.tensor1d([-2, -0, 0, 1e-30, 3, Number.NaN]);
const cube = (y: tf.Tensor) => tf.relu(y).pow(3).sum();

describe.skipIf(torchFolder === undefined)('the gradient of relu', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('is 1 above 0 and 0 elsewhere, also where there is no number', () => {
    const found = tf.tidy(() =>
      tf
        .grad((y) => tf.relu(y).mul(7).sum())(x())
        .dataSync(),
    );
    expect(Array.from(found)).toEqual([0, 0, 0, 7, 7, 0]);
  });

  test('has a gradient itself', () => {
    const found = tf.tidy(() => {
      const second = tf.grad((y) =>
        tf
          .grad((z: tf.Tensor) => cube(z))(y)
          .sum(),
      );
      return second(tf.tensor1d([-1, 2, 3])).dataSync();
    });
    [0, 12, 18].forEach((wanted, i) => {
      expect(found[i]).toBeCloseTo(wanted, 4);
    });
  });

  test('leaves other backends their own', async () => {
    const slope = () =>
      tf.tidy(() =>
        Array.from(
          tf
            .grad((y) => tf.relu(y).sum())(tf.tensor1d([-1, 4]))
            .dataSync(),
        ),
      );
    const engine = tf.engine();
    const { runKernel } = engine;
    const names: string[] = [];
    engine.runKernel = function spied(this: typeof engine, name, ...rest) {
      names.push(name);
      return runKernel.call(this, name, ...rest);
    } as typeof runKernel;
    expect(slope()).toEqual([0, 1]);
    expect(names).toContain('PleatReluGrad');
    await tf.setBackend('cpu');
    names.length = 0;
    expect(slope()).toEqual([0, 1]);
    expect(names).toContain('Step');
    expect(names).not.toContain('PleatReluGrad');
    engine.runKernel = runKernel;
    await tf.setBackend('torch');
  });
});

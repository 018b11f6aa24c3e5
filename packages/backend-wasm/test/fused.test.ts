import {
  batchNormTrain,
  gelu,
  globalAveragePool,
  layerNorm,
  runKernel,
  softmaxCrossEntropy,
  topKMask,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { numbers, random } from './random.ts';
import { difference, on, useWasm } from './setup.ts';

beforeAll(() => useWasm());

// On the cpu backend, which has none of these kernels, @pleat/ops composes them of stock operations.
async function compare(work: () => tf.Tensor[], tolerance: number): Promise<void> {
  const [ours, theirs] = [await on('wasm', work), await on('cpu', work)];
  expect(difference(ours.values, theirs.values)).toBeLessThan(tolerance);
  expect(ours.left).toBe(0);
}

/** The value and the gradients in all inputs, against fixed weights. */
function withGradients(
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
): tf.Tensor[] {
  const y = op(...inputs);
  const weights = random(99, y.shape);
  return [
    y,
    ...tf.grads((...list: tf.Tensor[]) =>
      op(...list)
        .mul(weights)
        .sum(),
    )(inputs),
  ];
}

const shapes = [[1], [3], [5, 7], [2, 3, 4, 5], [4099], [70, 1000], [3, 16, 16, 64]];

describe('gelu', () => {
  it.each(shapes)('agrees with the composition', async (...shape) => {
    for (const approximate of [false, true]) {
      const op = (x: tf.Tensor): tf.Tensor => gelu(x.mul(2), { approximate });
      await compare(() => withGradients(op, [random(1, shape)]), 3e-6);
    }
  });

  it('is exact to 3e-7 of float64 far out and near zero', async () => {
    await tf.setBackend('wasm');
    const x = Float32Array.from({ length: 40_001 }, (_, index) => (index - 20_000) / 1000);
    const y = tf.tidy(() => gelu(tf.tensor1d(x)).dataSync());
    x.forEach((value, index) => {
      const exact = value * normalCdf(value);
      expect(Math.abs(y[index]! - exact)).toBeLessThan(3e-7 * Math.max(1, Math.abs(value)));
    });
  });
});

/** Phi by its Taylor series near zero and a continued fraction far out, in float64. */
function normalCdf(x: number): number {
  const z = Math.abs(x);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 60; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + Math.sign(x) * density * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / (z + fraction);
  const tail = density / (z + fraction);
  return x < 0 ? tail : 1 - tail;
}

describe('batchNormTrain', () => {
  it.each([
    [2, 1],
    [5, 3],
    [7, 4],
    [4, 5, 6, 17],
    [1000, 33],
    [8, 16, 16, 64],
    [40_000, 2],
  ])('agrees with the composition', async (...shape) => {
    const c = shape[shape.length - 1]!;
    const op = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
      batchNormTrain(x.add(1), gamma, beta, { epsilon: 1e-3 })[0];
    await compare(
      () => withGradients(op as never, [random(1, shape), random(2, [c]), random(3, [c])]),
      5e-5,
    );
    await compare(
      () => batchNormTrain(random(1, shape).add(1), random(2, [c]), random(3, [c])).slice(1),
      1e-5,
    );
  });

  it('keeps the variance where the mean is a thousand times the spread', async () => {
    await tf.setBackend('wasm');
    const x = numbers(4, 6000).map((value) => value + 1000);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const [, , measured] = batchNormTrain(tf.tensor2d(x, [6000, 1]), tf.ones([1]), tf.zeros([1]));
    expect(Math.abs(measured.dataSync()[0]! / variance - 1)).toBeLessThan(1e-4);
  });
});

describe('layerNorm', () => {
  it.each([
    [3, 4],
    [5, 7],
    [2, 3, 33],
    [300, 64],
    [17, 192],
  ])('agrees with the composition', async (...shape) => {
    const c = shape[shape.length - 1]!;
    await compare(
      () => withGradients(layerNorm as never, [random(1, shape), random(2, [c]), random(3, [c])]),
      2e-5,
    );
  });
});

describe('softmaxCrossEntropy', () => {
  it.each([
    [1, 2],
    [7, 10],
    [64, 100],
  ])('agrees with the composition', async (n, c) => {
    for (const labelSmoothing of [0, 0.1]) {
      await compare(() => {
        const labels = tf.tensor1d(
          Array.from({ length: n }, (_, i) => (i * 7) % c),
          'int32',
        );
        const logits = random(3, [n, c]).mul(5);
        const op = (x: tf.Tensor) => softmaxCrossEntropy(labels, x, { labelSmoothing });
        return withGradients(op, [logits]);
      }, 1e-5);
    }
  });
});

it('globalAveragePool agrees with the composition', async () => {
  for (const shape of [
    [2, 3, 5, 7],
    [3, 16, 16, 64],
    [1, 1, 1, 1],
  ]) {
    await compare(() => withGradients(globalAveragePool as never, [random(1, shape)]), 1e-5);
  }
});

describe('PleatTopKMask', () => {
  it('keeps exactly the k largest, ties to the lower index, on random lists', async () => {
    await tf.setBackend('wasm');
    for (let seed = 1; seed <= 40; seed++) {
      const size = seed * 37;
      // Few distinct values, so that ties decide.
      const scores = numbers(seed, size).map((value) => Math.round(value * 4) / 4);
      if (seed % 5 === 0) scores[3] = Number.NaN;
      const order = Array.from(scores.keys()).sort((i, j) => {
        const [a, b] = [scores[i]!, scores[j]!].map((value) =>
          Number.isNaN(value) ? -1 : Math.abs(value),
        ) as [number, number];
        return b - a || i - j;
      });
      for (const k of [0, 1, size >> 1, size - 1, size]) {
        const expected = new Float32Array(size);
        for (const index of order.slice(0, k)) expected[index] = 1;
        const mask = tf.tidy(() => topKMask(tf.tensor1d(scores), k).dataSync());
        expect(mask).toEqual(expected);
      }
    }
  });
});

describe('optimisers', () => {
  const size = 1037;
  const [value, gradient, m] = [1, 2, 3].map((seed) => numbers(seed, size)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const v = numbers(4, size).map(Math.abs);

  it('PleatAdamW follows Loshchilov & Hutter 2019', async () => {
    await tf.setBackend('wasm');
    const attrs = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.05,
      correction1: 1 - 0.9 ** 3,
      correction2: 1 - 0.999 ** 3,
    };
    const out = tf.tidy(() => {
      const [a, b, c, d] = [value, gradient, m, v].map((list) => tf.tensor1d(list));
      const inputs = { value: a!, gradient: b!, m: c!, v: d! };
      return runKernel('PleatAdamW', inputs, attrs).map((tensor) => tensor.dataSync());
    });
    for (let i = 0; i < size; i++) {
      const nextM = 0.9 * m[i]! + 0.1 * gradient[i]!;
      const nextV = 0.999 * v[i]! + 0.001 * gradient[i]! ** 2;
      const step = nextM / attrs.correction1 / (Math.sqrt(nextV / attrs.correction2) + 1e-8);
      expect(out[0]![i]).toBeCloseTo(value[i]! * (1 - 0.01 * 0.05) - 0.01 * step, 5);
      expect(out[1]![i]).toBeCloseTo(nextM, 5);
      expect(out[2]![i]).toBeCloseTo(nextV, 5);
    }
  });

  it.each([false, true])('PleatSgdMomentum follows PyTorch, nesterov %s', async (nesterov) => {
    await tf.setBackend('wasm');
    const attrs = { learningRate: 0.1, momentum: 0.9, dampening: 0.2, nesterov, weightDecay: 0.01 };
    const out = tf.tidy(() => {
      const [a, b, c] = [value, gradient, m].map((list) => tf.tensor1d(list));
      const inputs = { value: a!, gradient: b!, velocity: c! };
      return runKernel('PleatSgdMomentum', inputs, attrs).map((tensor) => tensor.dataSync());
    });
    for (let i = 0; i < size; i++) {
      const g = gradient[i]! + 0.01 * value[i]!;
      const velocity = 0.9 * m[i]! + 0.8 * g;
      const step = nesterov ? g + 0.9 * velocity : velocity;
      expect(out[0]![i]).toBeCloseTo(value[i]! - 0.1 * step, 5);
      expect(out[1]![i]).toBeCloseTo(velocity, 5);
    }
  });
});

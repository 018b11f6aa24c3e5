import { batchNormInfer, batchNormTrain, layerNorm } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import * as closed from '../../ops/test/closed-forms.ts';
import * as reference from '../../ops/test/reference.ts';
import { numbers } from './random.ts';
import { useWasm } from './setup.ts';

beforeAll(() => useWasm());

/** The largest difference, beside the largest number wanted. */
function off(actual: tf.Tensor, wanted: ArrayLike<number>): number {
  const got = actual.dataSync();
  const list = Array.from(wanted);
  const size = list.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  return list.reduce((worst, v, i) => Math.max(worst, Math.abs(got[i]! - v)), 0) / size;
}

const epsilon = 1e-3;
// Widths of whole and broken lanes; rows of one block and of many, a single channel being the longest sum.
const shapes = [
  [4, 1],
  [50, 3],
  [900, 37],
  [40_000, 1],
  [4096, 64],
] as const;

describe.each(shapes)('rows %i, channels %i, around 10,000', (rows, c) => {
  const x = numbers(1, rows * c).map((v) => v + 10_000);
  const dy = numbers(2, rows * c);
  const gamma = numbers(3, c).map((v) => v + 3);
  const beta = numbers(4, c);
  const [x64, dy64, gamma64, beta64] = [x, dy, gamma, beta].map((list) => Float64Array.from(list));
  const tensors = () =>
    [
      tf.tensor2d(x, [rows, c]),
      tf.tensor2d(dy, [rows, c]),
      tf.tensor1d(gamma),
      tf.tensor1d(beta),
    ] as const;

  it('batchNormTrain is what float64 gives, and its gradients', () => {
    tf.tidy(() => {
      const [x, dy, gamma, beta] = tensors();
      const [y, mean, variance] = batchNormTrain(x, gamma, beta, { epsilon });
      const moments = reference.columnMoments(x64!, c);
      expect(off(y, reference.batchNormTrain(x64!, gamma64!, beta64!, epsilon))).toBeLessThan(1e-6);
      expect(off(mean, moments.mean)).toBeLessThan(1e-7);
      expect(off(variance, moments.variance)).toBeLessThan(3e-6);
      const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor, g: tf.Tensor) =>
        batchNormTrain(a, b, g, { epsilon })[0].mul(dy).sum(),
      )([x, gamma, beta]);
      const wanted = closed.batchNormGradient(dy64!, x64!, gamma64!, epsilon);
      gradients.forEach((gradient, i) => {
        expect(off(gradient, wanted[i]!)).toBeLessThan(3e-6);
      });
    });
  });

  it('batchNormInfer is what float64 gives', () => {
    tf.tidy(() => {
      const [x, , gamma, beta] = tensors();
      const mean = numbers(5, c).map((v) => v + 10_000);
      const variance = numbers(6, c).map((v) => v * v + 0.1);
      const y = batchNormInfer(x, gamma, beta, tf.tensor1d(mean), tf.tensor1d(variance), {
        epsilon,
      });
      const [mean64, variance64] = [Float64Array.from(mean), Float64Array.from(variance)];
      const wanted = reference.batchNormInfer(x64!, gamma64!, beta64!, mean64, variance64, epsilon);
      expect(off(y, wanted)).toBeLessThan(1e-6);
    });
  });

  // One number a row has no spread.
  it.skipIf(c === 1)('layerNorm is what float64 gives, and its gradients', () => {
    tf.tidy(() => {
      const [x, dy, gamma, beta] = tensors();
      const y = layerNorm(x, gamma, beta, { epsilon });
      expect(off(y, reference.layerNorm(x64!, gamma64!, beta64!, epsilon))).toBeLessThan(2e-6);
      const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor, g: tf.Tensor) =>
        layerNorm(a, b, g, { epsilon }).mul(dy).sum(),
      )([x, gamma, beta]);
      const wanted = closed.layerNormGradient(dy64!, x64!, gamma64!, epsilon);
      gradients.forEach((gradient, i) => {
        expect(off(gradient, wanted[i]!)).toBeLessThan(5e-6);
      });
    });
  });
});

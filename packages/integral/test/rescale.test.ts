import { batchNorm, multiHeadAttentionLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { extract, rescale, resize, toIntegral } from '../src/index.ts';
import { forms, images, relativeError, stirred } from './models.ts';
import {
  between,
  dense,
  diagonal,
  dimsOf,
  drawn,
  half,
  kernel,
  type Matrix,
  times,
  transposed,
} from './repaired.ts';

beforeAll(() => tf.setBackend('cpu'));

describe('rescale', () => {
  test('brings the channels of a linear network to the variances they stand for', () => {
    // Of white inputs, the covariance of what layer a makes is A^T A, and of what b makes B^T A^T A B.
    const model = dense([24, 20, 3], 8);
    const integral = toIntegral(model, { order: 'identity' });
    const gram = (of: tf.LayersModel) => times(transposed(kernel(of, 'a')), kernel(of, 'a'));
    const made = (of: tf.LayersModel, layer: string, covariance: Matrix) =>
      times(times(transposed(kernel(of, layer)), covariance), kernel(of, layer));
    const before = gram(model);
    resize(integral, { a: 9, b: 11 });
    const sampled = extract(integral);
    const plain = rescale(extract(integral), integral);
    const now = gram(plain);
    const wanted = between(diagonal(before), 9);
    diagonal(now).forEach((value, i) => void expect(value / wanted[i]!).toBeCloseTo(1, 4));
    const second = between(diagonal(made(model, 'b', before)), 11);
    diagonal(made(plain, 'b', now)).forEach((value, i) => {
      expect(value / second[i]!).toBeCloseTo(1, 4);
    });
    // Without it they are far from there.
    const off = diagonal(gram(sampled)).map((value, i) => value / wanted[i]!);
    expect(Math.min(...off)).toBeLessThan(0.8);
  });

  test('of a layer before a batch norm divides the variance of the norm', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'a', units: 16, inputShape: [5], useBias: false }),
        batchNorm({ name: 'n' }),
        tf.layers.dense({ name: 'b', units: 2 }),
      ],
    });
    const integral = toIntegral(stirred(drawn(model)), { order: 'identity' });
    resize(integral, { a: 7 });
    const [sampled, plain] = [extract(integral), rescale(extract(integral), integral)];
    expect(kernel(plain, 'a')).toEqual(kernel(sampled, 'a'));
    const variance = (of: tf.LayersModel) => of.getLayer('n').getWeights()[3]!.dataSync();
    const squares = (of: tf.LayersModel) =>
      diagonal(times(transposed(kernel(of, 'a')), kernel(of, 'a')));
    const wanted = between(squares(model), 7);
    squares(sampled).forEach((now, i) => {
      const factor = wanted[i]! / now;
      expect((variance(plain)[i]! * factor) / variance(sampled)[i]!).toBeCloseTo(1, 4);
    });
  });

  test('lets the scores of attention vary over keys as before, by one factor a head', () => {
    const [dim, heads] = [6, 2];
    const model = tf.sequential({
      layers: [multiHeadAttentionLayer({ name: 'm', heads, headDim: 9, inputShape: [4, dim] })],
    });
    const integral = toIntegral(stirred(drawn(model)), { order: 'identity' });
    resize(integral, { [dimsOf(integral, 'm')]: 4 });
    const weights = (of: tf.LayersModel) =>
      of
        .getLayer('m')
        .getWeights()
        .map((weight) => weight.arraySync());
    // Of white tokens x and y the mean square of (x Q + b) . (y K) over both: |Q^T K|^2 of a head's columns, and |b K^T|^2.
    const variances = (of: tf.LayersModel) => {
      const [query, bias, key] = weights(of) as [Matrix, number[], Matrix];
      const d = bias.length / heads;
      return Array.from({ length: heads }, (_, h) => {
        const own = (row: number[]) => row.slice(h * d, (h + 1) * d);
        const keys = transposed(key.map(own));
        const mixed = [...times(query.map(own), keys), ...times([own(bias)], keys)];
        return mixed.flat().reduce((sum, value) => sum + value ** 2, 0) / d;
      });
    };
    const [sampled, plain] = [extract(integral), rescale(extract(integral), integral)];
    const wanted = variances(model);
    variances(plain).forEach((value, h) => void expect(value / wanted[h]!).toBeCloseTo(1, 4));
    expect(Math.abs(variances(sampled)[0]! / wanted[0]! - 1)).toBeGreaterThan(0.02);
    // Keys are as sampled, and of a head all queries and their biases move alike.
    const [was, now] = [weights(sampled), weights(plain)] as [Matrix[], Matrix[]];
    expect(now[2]).toEqual(was[2]);
    const factor = now[0]![0]![0]! / was[0]![0]![0]!;
    const bias = (of: Matrix[]) => (of[1] as unknown as number[])[3]!;
    expect(bias(now) / bias(was)).toBeCloseTo(factor, 4);
    // Values are a dense layer's: columns of the norms between those they stand for.
    const squares = (of: tf.LayersModel) => {
      const values = weights(of)[4] as Matrix;
      return diagonal(times(transposed(values), values));
    };
    const before = squares(model);
    const between4 = [0, 1].flatMap((h) => between(before.slice(9 * h, 9 * (h + 1)), 4));
    squares(plain).forEach((value, i) => void expect(value / between4[i]!).toBeCloseTo(1, 4));
  });

  test.each(forms)(
    '%s: changes nothing at the original sizes, and leaks nothing',
    (_, build, shape) => {
      const integral = toIntegral(build(), { order: 'identity' });
      const x = images(shape);
      const whole = extract(integral);
      const repaired = rescale(extract(integral), integral);
      const expected = whole.predict(x) as tf.Tensor;
      expect(relativeError(repaired.predict(x) as tf.Tensor, expected)).toBe(0);
      resize(integral, half(integral));
      rescale(extract(integral), integral).dispose();
      const before = tf.memory().numTensors;
      const small = rescale(extract(integral), integral);
      expect(tf.memory().numTensors - before).toBe(small.weights.length);
      const output = (small.predict(x) as tf.Tensor).dataSync();
      expect(output.every(Number.isFinite)).toBe(true);
      expect(() => rescale(whole, integral)).toThrow('not as wide');
    },
  );
});

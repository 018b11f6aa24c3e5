import { readFileSync } from 'node:fs';
import { batchNorm } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  extract,
  fitLeastSquares,
  integralGroups,
  rescale,
  resetGrids,
  resize,
  setPartition,
  toIntegral,
} from '../src/index.ts';
import { Moments } from '../src/model/repair/moments.ts';
import { forms, images, relativeError, stirred } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

type Matrix = number[][];
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const diagonal = (a: Matrix): number[] => a.map((row, i) => row[i]!);

/** Straight lines between values at centres of cells, level beyond the outer ones, read at the centres of `size` cells. */
function between(values: readonly number[], size: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    const u = ((i + 0.5) * values.length) / size - 0.5;
    const at = Math.min(Math.max(u, 0), values.length - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, values.length - 1);
    return values[low]! + (at - low) * (values[high]! - values[low]!);
  });
}

function dense(units: readonly number[], inputs: number, options: object = {}): tf.LayersModel {
  const layers = units.map((width, i) =>
    tf.layers.dense({
      name: 'abc'[i]!,
      units: width,
      useBias: false,
      kernelInitializer: tf.initializers.randomNormal({ seed: i + 1 }),
      ...(i === 0 && { inputShape: [inputs] }),
      ...options,
    }),
  );
  return tf.sequential({ layers });
}

const kernel = (model: tf.LayersModel, layer: string) =>
  model.getLayer(layer).getWeights()[0]!.arraySync() as Matrix;

const half = (model: tf.LayersModel) =>
  Object.fromEntries(
    integralGroups(model)
      .filter(({ id }) => !/query-key|value-output/.test(id))
      .map(({ id, coefficients }) => [id, Math.ceil(coefficients / 2)]),
  );

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
    const integral = toIntegral(stirred(model), { order: 'identity' });
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

interface Case {
  features: number;
  targets: number;
  rows: number;
  ridge: number;
  constant: boolean;
  from: number[];
  to: number[];
  prior: number[];
  matrix: number[];
  constants: number[];
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('./fixtures/least-squares.json', import.meta.url), 'utf8'),
);

test.each(cases)("$rows rows, ridge $ridge, constants $constant: NumPy's lstsq", (given) => {
  const { features, targets, rows, from, to, prior, ridge, constant } = given;
  const moments = new Moments(features, targets);
  for (let r = 0; r < rows; r++) {
    moments.add(
      Float64Array.from(from.slice(r * features, (r + 1) * features)),
      Float64Array.from(to.slice(r * targets, (r + 1) * targets)),
    );
  }
  const { matrix, constants } = moments.fit(Float64Array.from(prior), ridge, constant);
  matrix.forEach((value, i) => void expect(value).toBeCloseTo(given.matrix[i]!, 9));
  constants.forEach((value, i) => void expect(value).toBeCloseTo(given.constants[i]!, 9));
});

describe('least squares', () => {
  const network = () => stirred(dense([24, 20, 3], 8, { useBias: true, activation: 'relu' }));
  const batches = () => [1, 2, 3].map((seed) => tf.randomNormal([60, 8], 0, 1, 'float32', seed));
  const upTo = (model: tf.LayersModel, layer: string) =>
    tf.model({ inputs: model.inputs, outputs: model.getLayer(layer).output as tf.SymbolicTensor });
  const outputs = (model: tf.LayersModel, layer: string) =>
    (upTo(model, layer).predict(tf.concat(batches())) as tf.Tensor).arraySync() as Matrix;

  test('leaves residuals that no weight of a layer could make smaller', async () => {
    const model = network();
    const integral = toIntegral(model, { order: 'identity' });
    resize(integral, { a: 9, b: 11 });
    const plain = extract(integral);
    expect(await fitLeastSquares(plain, integral, batches(), { ridge: 0 })).toBe(2);
    // The last layer has all of its outputs: before the activation, x W + b is to be what it was.
    const linear = (of: tf.LayersModel) => {
      const [w, b] = of
        .getLayer('c')
        .getWeights()
        .map((each) => each.arraySync()) as [Matrix, number[]];
      return times(outputs(of, 'b'), w).map((row) => row.map((value, j) => value + b[j]!));
    };
    const [was, now, x] = [linear(model), linear(plain), outputs(plain, 'b')];
    const scale = Math.sqrt(x.flat().reduce((sum, v) => sum + v * v, 0));
    const size = Math.sqrt(was.flat().reduce((sum, v) => sum + v * v, 0));
    for (const channel of [x.map(() => 1), ...transposed(x)]) {
      for (let j = 0; j < 3; j++) {
        const dot = channel.reduce((sum, value, r) => sum + value * (now[r]![j]! - was[r]![j]!), 0);
        expect(Math.abs(dot) / (scale * size)).toBeLessThan(1e-5);
      }
    }
  });

  test('with a heavy ridge keeps the sampled weights, without misses less than they do', async () => {
    const model = network();
    const integral = toIntegral(model);
    resize(integral, { a: 9, b: 11 });
    const x = tf.randomNormal([400, 8], 0, 1, 'float32', 9);
    const error = (of: tf.LayersModel) =>
      (of.predict(x) as tf.Tensor)
        .sub(model.predict(x) as tf.Tensor)
        .square()
        .mean()
        .dataSync()[0]!;
    const sampled = extract(integral);
    const heavy = extract(integral);
    await fitLeastSquares(heavy, integral, batches(), { ridge: 1e9 });
    kernel(heavy, 'b')
      .flat()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(kernel(sampled, 'b').flat()[i]!, 5);
      });
    const fitted = extract(integral);
    await fitLeastSquares(fitted, integral, batches());
    // Inputs it was not fitted to.
    expect(error(fitted)).toBeLessThan(error(sampled) / 2);
  });

  test('recovers what is not lost: channels that are copies of fewer', async () => {
    const model = network();
    const copied = model
      .getLayer('a')
      .getWeights()
      .map((w) => {
        const source = Array.from({ length: 24 }, (_, c) => 3 * Math.floor(c / 3));
        return w.gather(tf.tensor1d(source, 'int32'), w.rank - 1);
      });
    model.getLayer('a').setWeights(copied);
    const integral = toIntegral(model, { order: 'identity' });
    // One of each three copies, and of the first two; cells of uneven width weigh them wrongly.
    const channels = [0, 2, 3, 6, 9, 12, 15, 18, 21];
    setPartition(integral, 'a', { positions: channels.map((c) => (c + 0.5) / 24) });
    const x = tf.randomNormal([50, 8], 0, 1, 'float32', 9);
    const error = (of: tf.LayersModel) =>
      relativeError(of.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor);
    const plain = extract(integral);
    const sampled = error(plain);
    await fitLeastSquares(plain, integral, batches(), { ridge: 1e-9 });
    expect(sampled).toBeGreaterThan(0.02);
    expect(error(plain)).toBeLessThan(1e-3);
  });

  test.each(forms)(
    '%s: changes nothing at the original sizes, works at half, leaks nothing',
    async (_, build, shape) => {
      const integral = toIntegral(build(), { order: 'identity' });
      const x = images(shape);
      const whole = extract(integral);
      expect(await fitLeastSquares(whole, integral, [images(shape, 4)])).toBe(0);
      const expected = resetGrids(integral).predict(x) as tf.Tensor;
      expect(relativeError(whole.predict(x) as tf.Tensor, expected)).toBeLessThan(1e-6);
      resize(integral, half(integral));
      const plain = extract(integral);
      (plain.predict(x) as tf.Tensor).dispose();
      const before = tf.memory().numTensors;
      let told = 0;
      const options = {
        onLayer: (done: number) => {
          told = done;
        },
      };
      expect(await fitLeastSquares(plain, integral, [images(shape, 4)], options)).toBeGreaterThan(
        0,
      );
      expect(told).toBeGreaterThan(0);
      expect(tf.memory().numTensors).toBe(before);
      expect((plain.predict(x) as tf.Tensor).dataSync().every(Number.isFinite)).toBe(true);
    },
  );

  test('names what is wrong', async () => {
    const integral = toIntegral(network());
    const plain = extract(integral);
    await expect(fitLeastSquares(plain, integral, [])).rejects.toThrow('no batches');
    await expect(fitLeastSquares(plain, integral, [], { ridge: -1 })).rejects.toThrow('ridge');
    resize(integral, { a: 5 });
    await expect(fitLeastSquares(plain, integral, batches())).rejects.toThrow("layer 'a'");
  });
});

import { readFileSync } from 'node:fs';
import { multiHeadAttentionLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  basisMatrix,
  extract,
  fitLeastSquares,
  resetGrids,
  resize,
  setPartition,
  toDense,
  toIntegral,
  uniformPartition,
} from '../src/index.ts';
import { Moments } from '../src/model/repair/moments.ts';
import { forms, images, relativeError, stirred } from './models.ts';
import { dense, dimsOf, drawn, half, kernel, type Matrix, times, transposed } from './repaired.ts';

beforeAll(() => tf.setBackend('cpu'));

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

  /** The largest share of residuals [rows, targets] that one of features [rows, features], or a constant, explains. */
  function explained(residuals: Matrix, features: Matrix): number {
    const norm = (values: readonly number[]) => Math.sqrt(values.reduce((a, v) => a + v * v, 0));
    let most = 0;
    for (const feature of [features.map(() => 1), ...transposed(features)]) {
      for (const residual of transposed(residuals)) {
        const dot = feature.reduce((sum, value, r) => sum + value * residual[r]!, 0);
        const size = norm(feature) * norm(residual);
        if (size > 0) most = Math.max(most, Math.abs(dot) / size);
      }
    }
    return most;
  }
  const everyOther = (count: number) => Array.from({ length: count / 2 }, (_, i) => 2 * i + 1);
  const centres = (channels: readonly number[], count: number) => ({
    positions: channels.map((c) => (c + 0.5) / count),
  });
  const flat = (tensor: tf.Tensor) =>
    tensor.reshape([-1, tensor.shape.at(-1) as number]).arraySync() as Matrix;

  test('leaves nothing that taps of a depthwise kernel could still explain', async () => {
    const depthwise = { kernelSize: 3, strides: 2, padding: 'same' as const };
    const model = stirred(
      drawn(
        tf.sequential({
          layers: [
            tf.layers.conv2d({ name: 'a', filters: 8, kernelSize: 2, inputShape: [6, 6, 2] }),
            tf.layers.reLU(),
            tf.layers.depthwiseConv2d({ ...depthwise, name: 'd', activation: 'relu' }),
            tf.layers.flatten(),
            tf.layers.dense({ name: 'c', units: 2 }),
          ],
        }),
      ),
    );
    const x = () => [1, 2].map((seed) => tf.randomNormal([20, 6, 6, 2], 0, 1, 'float32', seed));
    const integral = toIntegral(model, { order: 'identity' });
    resize(integral, { a: 4 });
    const middles = uniformPartition(4, 'cells');
    const between8 = toDense(basisMatrix(middles, 8, { alignment: 'cells' }));
    /** The layer without its activation, and what each of its taps sees: by tfjs' own convolution. */
    const linear = (of: tf.LayersModel) => {
      const input = upTo(of, of.layers[1]!.name).predict(tf.concat(x())) as tf.Tensor4D;
      const [kernel, bias] = of.getLayer('d').getWeights() as [tf.Tensor4D, tf.Tensor1D];
      const through = (by: tf.Tensor4D) => tf.depthwiseConv2d(input, by, 2, 'same');
      const taps = Array.from({ length: 9 }, (_, i) => {
        const one = tf.oneHot(tf.tensor1d([i], 'int32'), 9).reshape([3, 3, 1, 1]);
        return flat(through(tf.tile(one, [1, 1, kernel.shape[2], 1]).toFloat() as tf.Tensor4D));
      });
      return { taps, made: flat(through(kernel).add(bias)) };
    };
    const sampled = extract(integral);
    const plain = extract(integral);
    expect(await fitLeastSquares(plain, integral, x(), { ridge: 0 })).toBe(2);
    const was = linear(model).made;
    const wanted = was.map((row) =>
      [...middles].map((_, k) => row.reduce((sum, v, c) => sum + between8[k * 8 + c]! * v, 0)),
    );
    const left = (of: tf.LayersModel) => {
      const { taps, made } = linear(of);
      return [...middles].map((_, k) =>
        explained(
          made.map((row, r) => [row[k]! - wanted[r]![k]!]),
          made.map((_, r) => taps.map((tap) => tap[r]![k]!)),
        ),
      );
    };
    expect(Math.max(...left(plain))).toBeLessThan(1e-3);
    expect(Math.max(...left(sampled))).toBeGreaterThan(0.03);
  });

  test('leaves nothing that the output kernel of attention could still make of its heads', async () => {
    const heads = 2;
    const input = tf.input({ shape: [5, 3] });
    const tokens = tf.layers.dense({ name: 'a', units: 8 }).apply(input) as tf.SymbolicTensor;
    const mixed = multiHeadAttentionLayer({ name: 'm', heads }).apply(tokens) as tf.SymbolicTensor;
    const summed = tf.layers.add().apply([tokens, mixed]) as tf.SymbolicTensor;
    const output = tf.layers.dense({ name: 'c', units: 2 }).apply(summed) as tf.SymbolicTensor;
    const model = stirred(drawn(tf.model({ inputs: input, outputs: output })));
    const integral = toIntegral(model, { order: 'identity' });
    resize(integral, { [dimsOf(integral, 'm')]: 2 });
    const channels = everyOther(8);
    setPartition(integral, 'a', centres(channels, 8));
    const x = () => [1, 2].map((seed) => tf.randomNormal([40, 5, 3], 0, 1, 'float32', seed));
    const at = (of: tf.LayersModel, layer: string) =>
      upTo(of, layer).predict(tf.concat(x())) as tf.Tensor3D;
    /** What the heads carry, written out. */
    const carried = (of: tf.LayersModel) => {
      const [wq, bq, wk, bk, wv, bv] = of.getLayer('m').getWeights() as tf.Tensor[];
      const split = (w: tf.Tensor, b: tf.Tensor) =>
        tf.split(at(of, 'a').reshape([400, -1]).dot(w).add(b).reshape([80, 5, -1]), heads, 2);
      const [q, k, v] = [split(wq!, bq!), split(wk!, bk!), split(wv!, bv!)];
      const one = (h: number) => {
        const scores = tf.matMul(q[h]!, k[h]!, false, true).div(Math.sqrt(q[h]!.shape[2]!));
        return tf.matMul(tf.softmax(scores), v[h]!);
      };
      return flat(tf.concat([one(0), one(1)], 2));
    };
    const wanted = flat(at(model, 'm'));
    const left = (of: tf.LayersModel) => {
      const made = flat(at(of, 'm'));
      const residuals = made.map((row, r) => row.map((v, k) => v - wanted[r]![channels[k]!]!));
      return explained(residuals, carried(of));
    };
    const [sampled, plain] = [extract(integral), extract(integral)];
    expect(await fitLeastSquares(plain, integral, x(), { ridge: 0 })).toBe(2);
    expect(left(plain)).toBeLessThan(1e-3);
    expect(left(sampled)).toBeGreaterThan(0.03);
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

import { batchNorm } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  drawWidth,
  extract,
  integralGroups,
  integralStep,
  recalibrate,
  resetGrids,
  resize,
  toIntegral,
  tunePartitions,
} from '../src/index.ts';
import { forms, images } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Two moons, nearly: a task a small dense network learns in a moment. */
function data(count: number, seed: number): { x: tf.Tensor2D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const x = tf.randomNormal([count, 2], 0, 1, 'float32', seed) as tf.Tensor2D;
    const [a, b] = tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor];
    const label = a.mul(2).sin().greater(b).toInt().reshape([-1]);
    return { x, y: tf.oneHot(label, 2).toFloat() as tf.Tensor2D };
  });
}

function network(): tf.LayersModel {
  const dense = (name: string, units: number) =>
    tf.layers.dense({
      name,
      units,
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed: units }),
    });
  const input = tf.input({ shape: [2] });
  let x = dense('a', 24).apply(input) as tf.SymbolicTensor;
  x = dense('b', 20).apply(x) as tf.SymbolicTensor;
  const last = tf.layers.dense({
    name: 'c',
    units: 2,
    kernelInitializer: tf.initializers.heNormal({ seed: 3 }),
  });
  return tf.model({ inputs: input, outputs: last.apply(x) as tf.SymbolicTensor });
}

function accuracy(model: tf.LayersModel, { x, y }: ReturnType<typeof data>): number {
  return tf.tidy(() => {
    const right = (model.predict(x) as tf.Tensor).argMax(-1).equal(y.argMax(-1));
    return right.mean().dataSync()[0] as number;
  });
}

async function train(
  model: tf.LayersModel,
  steps: number,
  options: Parameters<typeof integralStep>[3]['widths'] & { distill?: boolean } = {},
): Promise<void> {
  const optimizer = tf.train.adam(0.01);
  const { distill = false, ...widths } = options;
  for (let step = 0; step < steps; step++) {
    const batch = data(64, step + 1);
    const { output } = await integralStep(model, batch, step, { optimizer, widths, distill });
    tf.dispose([output, batch.x, batch.y]);
  }
}

describe('training at random widths', () => {
  test('makes one set of weights serve them all', async () => {
    const test = data(1000, 99);
    const at = (model: tf.LayersModel, share: number) => {
      resize(model, { a: Math.round(24 * share), b: Math.round(20 * share) });
      const found = accuracy(model, test);
      resetGrids(model);
      return found;
    };
    const fixed = toIntegral(network());
    await train(fixed, 300, { min: 1 });
    for (const options of [{}, { sandwich: true }, { sandwich: true, distill: true }]) {
      const model = toIntegral(network());
      await train(model, 300, { min: 0.25, ...options });
      expect(at(model, 1)).toBeGreaterThan(0.9);
      // Trained at its full width alone it is at a loss with a quarter.
      expect(at(model, 0.25)).toBeGreaterThan(at(fixed, 0.25) + 0.05);
    }
    expect(at(fixed, 1)).toBeGreaterThan(0.9);
  });

  test('depends on seed and step alone, and leaves the width as it was', async () => {
    const runs = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const model = toIntegral(network());
        await train(model, 3, { seed, jitter: 0.5 });
        expect(integralGroups(model).every(({ size, coefficients }) => size === coefficients)).toBe(
          true,
        );
        return model.getWeights()[0]!.dataSync();
      }),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
    const model = toIntegral(network());
    const sizes = [0, 1, 2, 3].map((step) => {
      drawWidth(model, step, { min: 0.1, seed: 1 });
      return integralGroups(model).map(({ size }) => size);
    });
    expect(new Set(sizes.map(String)).size).toBe(4);
    drawWidth(model, 5, { min: 0.25, draw: 'model' });
    const [a, b] = integralGroups(model);
    expect(Math.abs(a!.size / 24 - b!.size / 20)).toBeLessThan(0.05);
  });

  test.each(forms)('works on %s, and leaks nothing', async (_, build, shape) => {
    const model = toIntegral(build(), { order: 'identity' });
    const x = images(shape);
    const y = tf.oneHot(tf.tensor1d([1, 2], 'int32'), 10);
    const optimizer = tf.train.sgd(0.01);
    const step = async (number: number) => {
      const widths = { sandwich: true, jitter: 0.3 };
      const result = await integralStep(model, { x, y }, number, { optimizer, widths });
      expect(Number.isFinite(result.loss)).toBe(true);
      result.output.dispose();
    };
    await step(0);
    const before = tf.memory().numTensors;
    await step(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('running statistics of a sampled norm', () => {
  /** A norm alone over channels whose variances differ by orders of magnitude. */
  function norm(): { model: tf.LayersModel; x: tf.Tensor } {
    const input = tf.input({ shape: [4] });
    let x = tf.layers
      .dense({ name: 'a', units: 16, kernelInitializer: tf.initializers.heNormal({ seed: 1 }) })
      .apply(input) as tf.SymbolicTensor;
    x = batchNorm({ name: 'norm' }).apply(x) as tf.SymbolicTensor;
    const out = tf.layers
      .dense({ name: 'c', units: 2, kernelInitializer: tf.initializers.heNormal({ seed: 2 }) })
      .apply(x) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: out });
    const [kernel, bias] = model.getLayer('a').getWeights();
    const scales = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 10 : 0.01));
    model.getLayer('a').setWeights([kernel!.mul(tf.tensor1d(scales)), bias!]);
    return { model, x: tf.randomNormal([256, 4], 0, 1, 'float32', 5) };
  }

  async function settled(work: (integral: tf.LayersModel, x: tf.Tensor) => Promise<void>) {
    const { model, x } = norm();
    await recalibrate(model, [x.clone()]);
    const integral = toIntegral(model, { order: 'identity' });
    resize(integral, { a: 7 });
    await work(integral, x);
    const [, , , variance] = integral.getLayer('norm').getWeights();
    expect(variance!.min().dataSync()[0]).toBeGreaterThan(0);
    const [trained, inferred] = [true, false].map((training) =>
      tf.tidy(() => (integral.apply(x, { training }) as tf.Tensor).arraySync()),
    ) as [number[][], number[][]];
    const error = tf.sub(trained, inferred).abs().max().dataSync()[0] as number;
    return error / (tf.abs(trained).max().dataSync()[0] as number);
  }

  test('follow the batches: in the end inference computes what training does', async () => {
    const error = await settled(async (integral, x) => {
      for (let i = 0; i < 200; i++) tf.tidy(() => void integral.apply(x, { training: true }));
    });
    expect(error).toBeLessThan(0.02);
  });

  test('stay positive while positions move', async () => {
    // As near as positive coefficients come to samples that crowd together.
    const error = await settled(async (integral, x) => {
      const y = tf.tidy(() =>
        tf.oneHot(x.slice([0, 0], [-1, 1]).greater(0).toInt().reshape([-1]) as tf.Tensor1D, 2),
      );
      const batches = Array.from({ length: 60 }, () => ({ x: x.clone(), y: y.clone() }));
      await tunePartitions(integral, batches, { optimizer: tf.train.adam(0.02), norms: true });
    });
    expect(error).toBeLessThan(0.5);
  });
});

describe('tuning partitions', () => {
  test.each(['trainable', 'shared'] as const)(
    '%s: lowers the loss and leaves weights alone',
    async (kind) => {
      const model = toIntegral(network(), { order: 'identity' });
      await train(model, 100, { min: 1 });
      resize(model, { a: 10, b: 8 });
      const test = data(1000, 98);
      const loss = () =>
        tf.tidy(
          () =>
            tf.losses
              .softmaxCrossEntropy(test.y, model.predict(test.x) as tf.Tensor)
              .dataSync()[0] as number,
        );
      const before = loss();
      const weights = model.getWeights().map((w) => w.dataSync().slice());
      const tensors = tf.memory().numTensors;
      const batches = Array.from({ length: 60 }, (_, i) => i);
      function* stream() {
        for (const i of batches) yield data(64, 1000 + i);
      }
      const optimizer = tf.train.adam(0.01);
      const losses = await tunePartitions(model, stream(), { optimizer, kind });
      optimizer.dispose();
      expect(losses.length).toBe(60);
      expect(loss()).toBeLessThan(before * 0.9);
      model.getWeights().forEach((w, i) => void expect(w.dataSync()).toEqual(weights[i]));
      // The matrices at the tuned positions are kept: two groups of three.
      expect(tf.memory().numTensors - tensors).toBeLessThanOrEqual(6 + model.weights.length);
      const plain = extract(model).predict(test.x) as tf.Tensor;
      const got = model.predict(test.x) as tf.Tensor;
      expect(plain.sub(got).abs().max().dataSync()[0]).toBeLessThan(1e-3);
    },
  );

  test.each(['trainable', 'shared'] as const)(
    '%s: goes on where it stopped, exactly',
    async (kind) => {
      const tuned = async (parts: number[][]) => {
        const model = toIntegral(network(), { order: 'identity' });
        resize(model, { a: 10, b: 8 });
        for (const part of parts) {
          const batches = part.map((seed) => data(16, seed));
          await tunePartitions(model, batches, { optimizer: tf.train.sgd(0.5), kind });
        }
        return extract(model).getWeights()[0]!.dataSync();
      };
      const whole = await tuned([[1, 2, 3, 4]]);
      expect(await tuned([[1, 2], [3], [4]])).toEqual(whole);
      expect(await tuned([[1, 2]])).not.toEqual(whole);
    },
  );

  test('tunes biases when asked', async () => {
    const model = toIntegral(network());
    resize(model, { a: 10, b: 8 });
    const bias = () => model.getLayer('b').getWeights()[1]!.dataSync().slice();
    const [before, kernel] = [bias(), model.getLayer('b').getWeights()[0]!.dataSync().slice()];
    await tunePartitions(model, [data(8, 1)], { optimizer: tf.train.sgd(0.1), biases: true });
    expect(bias()).not.toEqual(before);
    expect(model.getLayer('b').getWeights()[0]!.dataSync()).toEqual(kernel);
  });

  test('says so when there is nothing to tune', async () => {
    const model = toIntegral(network());
    const optimizer = tf.train.sgd(0.1);
    await expect(tunePartitions(model, [], { optimizer })).rejects.toThrow('nothing to tune');
    await expect(integralStep(model, data(2, 1), 0, { optimizer, distill: true })).rejects.toThrow(
      'sandwich',
    );
  });
});

test('variances stay positive when narrow widths move them', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: 16, inputShape: [3] }),
      tf.layers.batchNormalization({ name: 'n', momentum: 0.5 }),
      tf.layers.dense({ name: 'b', units: 1 }),
    ],
  });
  const integral = toIntegral(model, { order: 'identity' });
  // Neighbours of very unlike variance: what one sample between them loses, the small ones do not have.
  const variance = Array.from({ length: 16 }, (_, c) => (c % 2 === 0 ? 4 : 0.01));
  integral.getLayer('n').weights[3]!.write(tf.tensor1d(variance));
  for (const size of [3, 7, 5, 11]) {
    resize(integral, { a: size });
    tf.tidy(() => void integral.apply(tf.randomNormal([20, 3]).mul(0.01), { training: true }));
  }
  resetGrids(integral);
  const after = integral.getLayer('n').weights[3]!.read().dataSync();
  expect(Math.min(...after)).toBeGreaterThan(0);
  expect(Math.max(...after)).toBeLessThan(4);
});

test('recalibrated norms have the statistics of the batches', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: 4, inputShape: [3], useBias: false }),
      tf.layers.batchNormalization({ name: 'n' }),
      tf.layers.dense({ name: 'b', units: 1 }),
    ],
  });
  const batches = [1, 2, 3].map((seed) => tf.randomNormal([50, 3], 1, 2, 'float32', seed));
  const kernel = model.layers[0]!.getWeights()[0]!;
  const expected = tf.tidy(() => {
    const moments = batches.map((x) =>
      tf.moments(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), 0),
    );
    return [
      tf.mean(tf.stack(moments.map(({ mean }) => mean)), 0).dataSync(),
      tf.mean(tf.stack(moments.map(({ variance }) => variance)), 0).dataSync(),
    ];
  });
  expect(await recalibrate(model, batches)).toBe(3);
  const [, , mean, variance] = model.getLayer('n').getWeights();
  mean!.dataSync().forEach((v, i) => void expect(v).toBeCloseTo(expected[0]![i]!, 4));
  variance!.dataSync().forEach((v, i) => void expect(v).toBeCloseTo(expected[1]![i]!, 3));
});

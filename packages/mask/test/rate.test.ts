import { softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bake,
  encodeModel,
  inspectModel,
  type MaskOptions,
  maskBits,
  maskModel,
} from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Images of two classes, of which the sum of the left half says which. */
const x = tf.randomNormal([8, 6, 6, 2], 0, 1, 'float32', 4);
const y = x.slice([0, 0, 0, 0], [8, 6, 3, 2]).sum([1, 2, 3]).greater(0).toInt().as1D();

function network(options: MaskOptions): tf.LayersModel {
  const plain = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 2],
        filters: 24,
        kernelSize: 3,
        strides: 2,
        activation: 'relu',
      }),
      tf.layers.conv2d({ filters: 32, kernelSize: 2, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 96, activation: 'relu' }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const prototype = {
    distribution: 'kaiming-normal',
    rescale: 'fan-in',
    offset: 'running',
  } as const;
  return maskModel(plain, { prototype, seed: 3, ...options });
}

function train(model: tf.LayersModel, price: number, steps = 15): void {
  const optimizer = tf.train.adam(0.02);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const weights = model.countParams();
  for (let i = 0; i < steps; i++) {
    const loss = () => {
      const task = softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor);
      if (price === 0) return task;
      return task.add(maskBits(model).mul(price / weights)) as tf.Scalar;
    };
    optimizer.minimize(loss, false, variables);
  }
}

const maskBytes = async (model: tf.LayersModel): Promise<number> => {
  const { sections } = inspectModel(await encodeModel(model));
  return sections.find(({ name }) => name === 'masks/0')?.bytes ?? 0;
};
const kept = (model: tf.LayersModel): number => {
  const kernels = bake(model)
    .getWeights()
    .filter((w) => w.rank > 1)
    .flatMap((w) => [...w.dataSync()]);
  return kernels.filter((w) => w !== 0).length / kernels.length;
};

const learners: Record<string, MaskOptions> = {
  threshold: { learner: { name: 'threshold', keep: 0.3 } },
  'learned-keep': { learner: { name: 'learned-keep', keep: 0.3 } },
  supermask: { learner: { name: 'supermask', temperature: 0.1 } },
  'edge-popup': { learner: { name: 'edge-popup', keep: 0.2 } },
  signed: { learner: 'signed' },
  ternary: { learner: { name: 'ternary', select: 'learned', keep: 0.3 } },
  frozen: { learner: { name: 'threshold', keep: 0.3 }, freeze: { kept: 0.1, dropped: 0.3 } },
};

describe.each(Object.entries(learners))('%s', (name, options) => {
  test('trained, costs what was said, to the bit, with a price and without', async () => {
    for (const price of [0, 0.3]) {
      const model = network(options);
      train(model, price);
      const [bits] = maskBits(model).dataSync();
      expect(bits, `${name}, price ${price}`).toBe(8 * (await maskBytes(model)));
    }
  });
});

test.each(['threshold', 'learned-keep', 'ternary'])('a higher price keeps less: %s', (name) => {
  const shares = [0, 0.3, 3].map((price) => {
    const model = network(learners[name] as MaskOptions);
    train(model, price);
    return kept(model);
  });
  expect(shares[1]).toBeLessThan(shares[0] as number);
  expect(shares[2]).toBeLessThan(shares[1] as number);
});

test('folded kernels are counted once, leaks nothing, and wants a masked model', () => {
  const dense = (i: number) =>
    tf.layers.dense({ units: 20, useBias: false, ...(i === 0 && { inputShape: [20] }) });
  const make = (fold: number) =>
    maskModel(tf.sequential({ layers: [0, 1].map(dense) }), {
      fold,
      learner: { name: 'threshold', keep: 0.1 },
    });
  const [apart, folded] = [make(1), make(2)];
  const before = tf.memory().numTensors;
  const [two, one] = [apart, folded].map((model) => {
    const bits = maskBits(model);
    const [value] = bits.dataSync();
    bits.dispose();
    return value as number;
  });
  tf.dispose(tf.variableGrads(() => maskBits(apart)));
  expect(tf.memory().numTensors).toBe(before);
  expect((one as number) / (two as number)).toBeCloseTo(0.5, 1);
  expect(() => maskBits(tf.sequential({ layers: [dense(0)] }))).toThrow(/nothing of .* is masked/);
});

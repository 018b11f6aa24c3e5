import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { generator, random } from './random.ts';
import { difference, on, useWasm } from './setup.ts';

beforeAll(() => useWasm());

/** A random convolution: odd sizes, tails, strides, dilations, explicit padding. */
function draw(seed: number, depthwise: boolean) {
  const pick = generator(seed);
  const dilated = pick(0, 3) === 0;
  const strides: [number, number] = dilated ? [1, 1] : [pick(1, 3), pick(1, 3)];
  const dilations: [number, number] = dilated ? [pick(1, 3), pick(1, 2)] : [1, 1];
  const kernel = [pick(1, 7), pick(1, 7)] as const;
  const height = (kernel[0] - 1) * dilations[0] + pick(1, 14);
  const width = (kernel[1] - 1) * dilations[1] + pick(1, 19);
  const channels = [1, 2, 3, 4, 5, 7, 8, 16, 17, 19, 24, 33][pick(0, 11)]!;
  const pad = (['same', 'valid'] as const)[pick(0, 1)]!;
  const batch = pick(1, 5);
  const last = depthwise ? pick(0, 2) || 1 : pick(1, 21);
  return {
    strides,
    dilations,
    pad,
    x: [batch, height, width, channels] as [number, number, number, number],
    filter: [...kernel, channels, last] as [number, number, number, number],
  };
}

type Case = ReturnType<typeof draw>;
type Op = (x: tf.Tensor4D, filter: tf.Tensor4D, c: Case) => tf.Tensor4D;

const conv: Op = (x, filter, c) => tf.conv2d(x, filter, c.strides, c.pad, 'NHWC', c.dilations);
const depthwise: Op = (x, filter, c) =>
  tf.depthwiseConv2d(x, filter, c.strides, c.pad, 'NHWC', c.dilations);

/** The result and both gradients. tfjs refuses gradients of dilated convolutions. */
function all(op: Op, c: Case, seed: number, gradients: boolean): tf.Tensor[] {
  const x = random(seed, c.x) as tf.Tensor4D;
  const filter = random(seed + 1, c.filter) as tf.Tensor4D;
  const y = op(x, filter, c);
  if (!gradients) return [y];
  const weights = random(seed + 2, y.shape);
  const grad = tf.grads((p: tf.Tensor, q: tf.Tensor) =>
    op(p as tf.Tensor4D, q as tf.Tensor4D, c)
      .mul(weights)
      .sum(),
  );
  return [y, ...grad([x, filter])];
}

describe.each([
  ['conv2d', conv],
  ['depthwiseConv2d', depthwise],
] as const)('%s', (name, op) => {
  it('agrees with the cpu backend, forward and both gradients, on 60 random cases', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const c = draw(seed, name === 'depthwiseConv2d');
      const dilated = c.dilations[0] * c.dilations[1] > 1;
      const ours = await on('wasm', () => all(op, c, seed, !dilated));
      const theirs = await on('cpu', () => all(op, c, seed, !dilated));
      expect(difference(ours.values, theirs.values), JSON.stringify(c)).toBeLessThan(2e-5);
      expect(ours.left).toBe(0);
    }
  }, 300_000);
});

it('takes a bias of any form', async () => {
  for (const shape of [[], [1], [11], [5, 4, 11]]) {
    await bothAgree(() => {
      const x = random(5, [3, 9, 7, 6]) as tf.Tensor4D;
      const [full, thin] = [random(6, [3, 3, 6, 11]), random(6, [3, 3, 6, 1])] as tf.Tensor4D[];
      const bias = random(7, shape);
      const common = { x, strides: 2, pad: 'same', activation: 'relu' } as const;
      const y = tf.fused.conv2d({ ...common, filter: full!, bias });
      if (shape.length > 0 && shape[0] !== 1) return [y];
      return [y, tf.fused.depthwiseConv2d({ ...common, filter: thin!, bias })];
    });
  }
});

it('takes bias and activation in one go', async () => {
  for (const activation of ['linear', 'relu', 'relu6', 'elu'] as const) {
    const work = () => {
      const x = random(5, [3, 9, 7, 6]) as tf.Tensor4D;
      const filter = random(6, [3, 3, 6, 11]) as tf.Tensor4D;
      const bias = random(7, [11]);
      return tf.fused.conv2d({ x, filter, strides: 2, pad: 'same', bias, activation });
    };
    const [ours, theirs] = [await on('wasm', work), await on('cpu', work)];
    expect(difference(ours.values, theirs.values)).toBeLessThan(1e-5);
  }
});

async function bothAgree(work: () => tf.Tensor[]): Promise<void> {
  const [ours, theirs] = [await on('wasm', work), await on('cpu', work)];
  expect(difference(ours.values, theirs.values)).toBeLessThan(1e-5);
  expect(ours.left).toBe(0);
}

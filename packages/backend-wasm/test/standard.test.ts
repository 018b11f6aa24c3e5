import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { generator, random } from './random.ts';
import { difference, on, useWasm } from './setup.ts';

beforeAll(() => useWasm());

async function compare(work: () => tf.Tensor | tf.Tensor[], note = '', tolerance = 1e-5) {
  const [ours, theirs] = [await on('wasm', work), await on('cpu', work)];
  expect(difference(ours.values, theirs.values), note).toBeLessThan(tolerance);
  expect(ours.left).toBe(0);
}

describe('matMul', () => {
  it('agrees with the cpu backend on 60 random shapes, transposed and in batches', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const pick = generator(seed);
      const [m, n, k] = [pick(1, 40), pick(1, 40), pick(1, 70)];
      const [transposeA, transposeB] = [pick(0, 1) === 1, pick(0, 1) === 1];
      const batchA = [[], [1], [3], [2, 3]][pick(0, 3)]!;
      const batchB = pick(0, 1) ? batchA : [[], [1]][pick(0, 1)]!;
      const a = [...batchA, ...(transposeA ? [k, m] : [m, k])];
      const b = [...batchB, ...(transposeB ? [n, k] : [k, n])];
      const work = () => tf.matMul(random(seed, a), random(seed + 1, b), transposeA, transposeB);
      await compare(work, `${a} x ${b} ${transposeA} ${transposeB}`);
    }
  });

  it('adds a bias and applies an activation', async () => {
    for (const activation of ['linear', 'relu', 'relu6', 'sigmoid', 'elu'] as const) {
      await compare(() =>
        tf.fused.matMul({
          a: random(1, [13, 21]),
          b: random(2, [21, 10]),
          bias: random(3, [10]),
          activation,
        }),
      );
    }
  });

  it('multiplies integers, and refuses what does not fit', async () => {
    const list = (shape: [number, number]) =>
      tf.tensor2d(
        Array.from({ length: shape[0] * shape[1] }, (_, i) => (i % 7) - 3),
        shape,
        'int32',
      );
    await compare(() => tf.matMul(list([3, 5]), list([5, 4])).toFloat());
    await tf.setBackend('wasm');
    expect(() => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])))).toThrow(/inner|shape/);
  });

  it('gives empty and zero results for empty inputs', async () => {
    await compare(() => tf.matMul(tf.zeros([0, 3]), tf.ones([3, 2])));
    await compare(() => tf.matMul(tf.zeros([4, 0]), tf.ones([0, 9])));
  });
});

describe('sum and mean', () => {
  it.each([
    [[7], [0]],
    [[100_003], [0]],
    [[3000, 5], [0]],
    [[3000, 64], [0]],
    [[64, 999], [1]],
    [[3, 40, 17], [1]],
    [
      [4, 8, 8, 19],
      [0, 1, 2],
    ],
    [
      [4, 8, 8, 19],
      [1, 2],
    ],
    [
      [4, 8, 8, 19],
      [0, 2],
    ],
    [
      [4, 8, 8, 19],
      [0, 1, 2, 3],
    ],
  ] as [number[], number[]][])('of %j over %j agree with the cpu backend', async (shape, axes) => {
    for (const keep of [false, true]) {
      await compare(() => [random(1, shape).sum(axes, keep), random(1, shape).mean(axes, keep)]);
    }
  });
});

describe('binary operations', () => {
  it.each([
    [[5], [5]],
    [
      [3, 1027],
      [3, 1027],
    ],
    [[3, 7], []],
    [[1, 1], [9]],
    [[4, 5], [5]],
    [[0, 3], [1]],
  ])('of %j and %j agree with the cpu backend', async (a, b) => {
    const [p, q] = [() => random(1, a), () => random(2, b).abs().add(1)];
    await compare(() => [p().add(q()), p().sub(q()), p().mul(q()), p().div(q())]);
    await compare(() => [q().add(p()), q().sub(p()), q().mul(p())]);
  });

  it('leaves integers to the stock kernels', async () => {
    const work = () => [tf.tensor1d([7, -3], 'int32').mul(tf.scalar(5, 'int32')).toFloat()];
    await compare(work);
  });
});

describe('einsum', () => {
  it.each([
    ['ij,jk->ik', [5, 7], [7, 3]],
    ['bij,bjk->bik', [2, 5, 7], [2, 7, 3]],
    ['bqhd,bkhd->bhqk', [2, 5, 3, 4], [2, 6, 3, 4]],
    ['bhqk,bkhd->bqhd', [2, 3, 5, 6], [2, 6, 3, 4]],
    ['ij,ij->', [4, 6], [4, 6]],
    ['i,j->ji', [4], [6]],
    ['ab,cb->ca', [4, 6], [5, 6]],
  ] as [string, number[], number[]][])('%s agrees with the cpu backend', async (text, a, b) => {
    await compare(() => tf.einsum(text, random(1, a), random(2, b)));
    const work = () =>
      tf.grads((p: tf.Tensor, q: tf.Tensor) => tf.einsum(text, p, q).square().sum())([
        random(1, a),
        random(2, b),
      ]);
    // tfjs has no gradient of einsum; the forward pass is what its layers use.
    expect(work).toThrow();
  });

  it('takes one operand', async () => {
    await compare(() => [
      tf.einsum('ijk->ki', random(1, [2, 3, 4])),
      tf.einsum('ij->', random(1, [3, 4])),
    ]);
  });
});

describe('unsortedSegmentSum', () => {
  it('agrees with the cpu backend, also as the gradient of gather', async () => {
    const ids = () => tf.tensor1d([3, 0, 3, 1, 0, 2, 2], 'int32');
    await compare(() => tf.unsortedSegmentSum(random(1, [7, 2, 3]), ids(), 5));
    await compare(() =>
      tf.grad((x: tf.Tensor) => tf.gather(x, ids()).square().sum())(random(1, [4, 5])),
    );
    await compare(() =>
      tf.grad((x: tf.Tensor) => tf.gather(x, ids(), 1).square().sum())(random(1, [3, 4])),
    );
  });
});

describe('gradients of common layers', () => {
  const image = () => random(1, [2, 8, 8, 3]) as tf.Tensor4D;
  const layers: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    maxPool: (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'),
    avgPool: (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 'same'),
    relu: (x) => tf.relu(x),
    sigmoid: (x) => tf.sigmoid(x),
    tanh: (x) => tf.tanh(x),
    elu: (x) => tf.elu(x),
    softplus: (x) => tf.softplus(x),
    leakyRelu: (x) => tf.leakyRelu(x),
    selu: (x) => tf.selu(x),
    erf: (x) => tf.erf(x),
    softmax: (x) => tf.softmax(x),
    logSoftmax: (x) => tf.logSoftmax(x),
    localResponseNormalization: (x) => tf.localResponseNormalization(x as tf.Tensor4D),
    concat: (x) => tf.concat([x, x.mul(2)], 3),
    pad: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [1, 0],
        [0, 0],
      ]),
    slice: (x) => x.slice([0, 1, 2, 0], [2, 4, 5, 3]),
    transpose: (x) => x.transpose([0, 3, 1, 2]),
    max: (x) => x.max([1, 2]),
    min: (x) => x.min(3),
    resizeBilinear: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 11]),
    rsqrt: (x) => x.square().add(1).rsqrt(),
    exp: (x) => x.exp(),
    log: (x) => x.square().add(1).log(),
    tile: (x) => x.tile([1, 2, 1, 1]),
    where: (x) => tf.where(random(8, x.shape).greater(0), x, x.mul(3)),
    clip: (x) => x.clipByValue(-0.5, 0.5),
    cumsum: (x) => x.cumsum(3),
    broadcastedAdd: (x) => x.add(tf.ones([3])),
    conv2dTranspose: (x) =>
      tf.conv2dTranspose(
        x as tf.Tensor4D,
        random(9, [3, 3, 5, 3]) as tf.Tensor4D,
        [2, 16, 16, 5],
        2,
        'same',
      ),
  };

  it.each(Object.keys(layers))('%s agrees with the cpu backend', async (name) => {
    const op = layers[name]!;
    const work = () => tf.grad((x: tf.Tensor) => op(x).square().sum())(image());
    await compare(work, name, 1e-4);
  });
});

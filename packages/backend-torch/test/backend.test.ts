import * as ops from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TorchBackend } from '../src/backend.ts';
import { fallbackCounts, registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

/** Runs on tfjs' own backend and on libtorch, and returns both results as plain numbers. */
async function onBoth(run: () => tf.Tensor | tf.Tensor[]): Promise<[number[][], number[][]]> {
  const results: number[][][] = [];
  for (const backend of ['cpu', 'torch']) {
    await tf.setBackend(backend);
    const made = tf.tidy(() => run());
    const list = Array.isArray(made) ? made : [made];
    results.push(list.map((tensor) => [...tensor.shape, ...tensor.dataSync()]));
    tf.dispose(made);
  }
  return results as [number[][], number[][]];
}

function expectClose(actual: number[][], expected: number[][], tolerance: number): void {
  expect(actual.map((values) => values.length)).toEqual(expected.map((values) => values.length));
  for (const [t, values] of expected.entries()) {
    const scale = Math.max(1, ...values.map(Math.abs));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - actual[t]![i]!)));
    expect(worst / scale).toBeLessThan(tolerance);
  }
}

const x4 = () => tf.randomNormal([2, 9, 8, 6], 0, 1, 'float32', 1) as tf.Tensor4D;
const filter = () => tf.randomNormal([3, 3, 6, 5], 0, 1, 'float32', 2) as tf.Tensor4D;
const depthFilter = () => tf.randomNormal([5, 5, 6, 2], 0, 1, 'float32', 3) as tf.Tensor4D;
const rows = (n: number, c: number, seed: number) =>
  tf.randomNormal([n, c], 0, 1, 'float32', seed) as tf.Tensor2D;
const heads = (seed: number) => tf.randomNormal([2, 3, 7, 4], 0, 1, 'float32', seed) as tf.Tensor4D;

const cases: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  'convolution, same': () => tf.conv2d(x4(), filter(), 1, 'same'),
  'convolution, strided, uneven padding': () => tf.conv2d(x4(), filter(), 2, 'same'),
  'gradients of a convolution': () =>
    tf.grads((x, w) =>
      tf
        .conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same')
        .square()
        .sum(),
    )([x4(), filter()]),
  'depthwise convolution': () => tf.depthwiseConv2d(x4(), depthFilter(), 1, 'same'),
  'gradients of a depthwise convolution': () =>
    tf.grads((x, w) =>
      tf
        .depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same')
        .square()
        .sum(),
    )([x4(), depthFilter()]),
  'fused convolution': () =>
    tf.fused.conv2d({
      x: x4(),
      filter: filter(),
      strides: 1,
      pad: 'valid',
      bias: tf.linspace(-1, 1, 5) as tf.Tensor1D,
      activation: 'relu',
    }),
  'largest of windows, and gradient': () =>
    tf.grad((x) => x.maxPool(3, 2, 'same').square().sum())(x4()),
  'mean of windows': () => tf.avgPool(x4(), 3, 2, 'same'),
  'batch matrix product': () =>
    tf.matMul(heads(4).reshape([6, 7, 4]), heads(5).reshape([6, 7, 4]), false, true),
  gelu: () => tf.grad((x) => ops.gelu(x).square().sum())(rows(5, 7, 6)),
  'gelu by tanh': () => ops.gelu(rows(5, 7, 6), { approximate: true }),
  'training batch norm': () =>
    tf.grads((x, g, b) =>
      ops
        .batchNormTrain(x as tf.Tensor4D, g as tf.Tensor1D, b as tf.Tensor1D)[0]
        .pow(3)
        .sum(),
    )([x4(), tf.linspace(0.5, 2, 6), tf.linspace(-1, 1, 6)]),
  'batch statistics': () => [
    ...ops.batchNormTrain(x4(), tf.linspace(0.5, 2, 6), tf.linspace(-1, 1, 6)),
  ],
  'layer norm': () =>
    tf.grads((x, g, b) =>
      ops
        .layerNorm(x, g as tf.Tensor1D, b as tf.Tensor1D)
        .pow(3)
        .sum(),
    )([rows(5, 8, 7), tf.linspace(0.5, 2, 8), tf.linspace(-1, 1, 8)]),
  'softmax cross entropy': () =>
    tf.grad((x) =>
      ops.softmaxCrossEntropy(tf.tensor1d([0, 3, 2, 1], 'int32'), x as tf.Tensor2D, {
        labelSmoothing: 0.1,
      }),
    )(rows(4, 5, 8)),
  'global average': () =>
    tf.grad((x) =>
      ops
        .globalAveragePool(x as tf.Tensor4D)
        .square()
        .sum(),
    )(x4()),
  'mask of the largest': () => ops.topKMask(tf.tensor([1, -3, 2, NaN, -2, 2, 0, 2]), 4),
  attention: () =>
    tf.grads((q, k, v) =>
      ops
        .attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.4 })
        .square()
        .sum(),
    )([heads(9), heads(10), heads(11)]),
};

describe.skipIf(torchFolder === undefined)('the backend on libtorch', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    const info = await registerTorch({ threads: 2, path: torchFolder! });
    expect(info.threads).toBe(2);
    // Registering selects nothing.
    expect(tf.getBackend()).toBe('cpu');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test.each(Object.entries(cases))('agrees with tfjs on %s', async (_, run) => {
    const [expected, actual] = await onBoth(run);
    expectClose(actual, expected, 2e-5);
  });

  test('sums what nearly cancels out to the last bit', () => {
    const values = Float32Array.from(
      { length: 30_000 },
      (_, i) => (i % 2 ? -1 : 1) * (i + 0.37) ** 1.5,
    );
    const exact = Math.fround(values.reduce((sum, value) => sum + value, 0));
    const [found] = tf.tidy(() => tf.sum(tf.tensor(values)).dataSync());
    expect(found).toBe(exact);
    const [kept] = tf.tidy(() => tf.sum(tf.tensor(values, [300, 100]), [0, 1], true).dataSync());
    expect(kept).toBe(exact);
  });

  test('sees no view of a shape that a tensor does not fill', () => {
    const { engine } = tf.findBackend('torch') as TorchBackend;
    engine.scope(() => {
      const six = engine.full([6], 1, 'float32');
      expect(engine.shape(engine.permuted(six, [2, 3], [1, 0]))).toEqual([3, 2]);
      expect(() => engine.permuted(six, [3, 3], [1, 0])).toThrow(
        'expected 9 elements to see as [3,3] in the order 1,0, found 6',
      );
      expect(() => engine.permuted(six, [2, 2], [1, 0])).toThrow('expected 4 elements');
    });
  });

  test('none of these needed the fallback', async () => {
    const before = JSON.stringify(fallbackCounts());
    await tf.setBackend('torch');
    for (const run of Object.values(cases)) tf.dispose(tf.tidy(() => run()));
    expect(JSON.stringify(fallbackCounts())).toBe(before);
  });

  test('frees every tensor and byte', async () => {
    await tf.setBackend('torch');
    const bytes = () => (tf.memory() as unknown as { torchBytes: number }).torchBytes;
    const [tensors, start] = [tf.memory().numTensors, bytes()];
    for (const run of Object.values(cases)) tf.dispose(tf.tidy(() => run()));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(bytes()).toBe(start);
  });

  test('gives an error, not a crash, for shapes that do not fit', async () => {
    await tf.setBackend('torch');
    const wrong = () => tf.engine().runKernel('Add', { a: tf.ones([2, 3]), b: tf.ones([4]) });
    expect(() => tf.tidy(() => wrong())).toThrow(/broadcast/);
    expect(() => tf.tidy(() => tf.ones([3]).transpose([0, 1]))).toThrow();
    expect(() =>
      tf.tidy(() => tf.engine().runKernel('Sum', { x: tf.ones([3]) }, { axis: 5 })),
    ).toThrow();
  });

  test('refuses threads that are none', async () => {
    await expect(registerTorch({ threads: 0 })).rejects.toThrow(/whole number/);
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

describe.skipIf(torchFolder === undefined)('einsum on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  const on = async (name: string, work: () => tf.Tensor) => {
    await tf.setBackend(name);
    return tf.tidy(() => {
      const made = work();
      return { shape: made.shape, values: made.dataSync() };
    });
  };
  const compare = async (work: () => tf.Tensor) => {
    const [torch, cpu] = [await on('torch', work), await on('cpu', work)];
    expect(torch.shape).toEqual(cpu.shape);
    torch.values.forEach((value, i) => {
      expect(value).toBeCloseTo(cpu.values[i]!, 4);
    });
  };
  /** The same numbers on both. */
  const series = (seed: number, shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(
      Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i)),
      shape,
    );
  };

  test.each([
    ['ij,jk->ik', [5, 7], [7, 3]],
    ['ij,jk->ki', [5, 7], [7, 3]],
    ['bij,bjk->bik', [2, 5, 7], [2, 7, 3]],
    ['bij,bkj->bik', [2, 5, 7], [2, 3, 7]],
    ['bqhd,bkhd->bhqk', [2, 5, 3, 4], [2, 6, 3, 4]],
    ['bhqk,bkhd->bqhd', [2, 3, 5, 6], [2, 6, 3, 4]],
    ['ij,ij->', [4, 6], [4, 6]],
    ['ij,ij->ij', [4, 6], [4, 6]],
    ['i,j->ji', [4], [6]],
    ['ab,cb->ca', [4, 6], [5, 6]],
    ['abc,bad->dc', [2, 3, 4], [3, 2, 5]],
    ['i,->i', [3], []],
    ['ij,jk->ik', [1, 1], [1, 4]],
  ] as [string, number[], number[]][])('%s agrees with the cpu backend', async (text, a, b) => {
    await compare(() => tf.einsum(text, series(1, a), series(2, b)));
  });

  test.each([
    ['ijk->ki', [2, 3, 4]],
    ['ij->', [3, 4]],
    ['ij->ji', [1, 4]],
    ['ij->ij', [3, 4]],
  ] as [string, number[]][])('%s agrees with the cpu backend', async (text, a) => {
    await compare(() => tf.einsum(text, series(1, a)));
  });

  test('sums what only one of two has, where the cpu backend loses the shape', async () => {
    const { shape, values } = await on('torch', () =>
      tf.einsum('ij,l->l', tf.ones([2, 3]), tf.tensor1d([1, 2])),
    );
    expect([shape, ...values]).toEqual([[2], 6, 12]);
  });

  test('gives a tensor of its own, also where nothing is to be done', async () => {
    await tf.setBackend('torch');
    const x = tf.tensor2d([[1, 2]]);
    const y = tf.einsum('ij->ij', x);
    x.dispose();
    expect([...y.dataSync()]).toEqual([1, 2]);
    y.dispose();
  });
});

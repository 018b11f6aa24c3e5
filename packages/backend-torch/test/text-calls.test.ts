import { gelu } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TorchBackend } from '../src/backend.ts';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

/** Bytes in use of glibc's heap, or null where another libc is. */
function heapInUse(): number | null {
  const fields = ['arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks'];
  const all = [...fields, 'uordblks', 'fordblks', 'keepcost'];
  const account = Object.fromEntries(all.map((name) => [name, 'size_t']));
  try {
    const mallinfo = koffi.load(null).func('mallinfo2', koffi.struct(account), []);
    return Number((mallinfo() as { uordblks: number }).uordblks);
  } catch {
    return null;
  }
}

/** Other versions than 2.13 may have no function of that name; then the C ABI keeps the text. */
const isCalledByName = () => {
  const { library } = (tf.backend() as TorchBackend).engine;
  if (library.version === '2.13') return true;
  return library.gelu !== undefined && library.geluGrad !== undefined;
};

const random = (seed: number, shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe.skipIf(torchFolder === undefined)('ops that libtorch gives a text', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test.skipIf(heapInUse() === null)('leave no copy of it behind', ({ skip }) => {
    if (!isCalledByName()) skip();
    const x = random(1, [4]);
    const work = () =>
      tf.tidy(() =>
        tf
          .grad((y: tf.Tensor) => gelu(y))(x)
          .dispose(),
      );
    for (let i = 0; i < 500; i++) work();
    const before = heapInUse()!;
    for (let i = 0; i < 10000; i++) work();
    // A text kept for each of both calls would be 960 KB.
    expect(heapInUse()! - before).toBeLessThan(400_000);
    x.dispose();
  });

  test.for([true, false])(
    'are called by name where libtorch has no other way (approximate: %s)',
    (approximate, { skip }) => {
      if (!isCalledByName()) skip();
      const { library } = (tf.backend() as TorchBackend).engine;
      const x = random(2, [3, 5]);
      const both = () =>
        tf.tidy(() => {
          const { value, grad } = tf.valueAndGrad((y: tf.Tensor) => gelu(y, { approximate }).sum())(
            x,
          );
          return [value, grad].map((tensor) => [...tensor.dataSync()]);
        });
      const direct = both();
      const calls = { gelu: library.gelu, geluGrad: library.geluGrad };
      expect(calls.gelu).toBeDefined();
      expect(calls.geluGrad).toBeDefined();
      Object.assign(library, { gelu: undefined, geluGrad: undefined });
      try {
        expect(both()).toEqual(direct);
      } finally {
        Object.assign(library, calls);
        x.dispose();
      }
    },
  );
});

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

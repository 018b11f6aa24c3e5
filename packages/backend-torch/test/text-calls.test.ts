import { gelu } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TorchBackend } from '../src/backend.ts';
import { heapAccount } from '../src/ffi/glibc.ts';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

const account = heapAccount(koffi.load(null));
/** Bytes in use of glibc's heap. */
const heapInUse = () => Number(account!().uordblks);

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

  test.skipIf(account === null)('leave no copy of it behind', ({ skip }) => {
    if (!isCalledByName()) skip();
    const x = random(1, [4]);
    const work = () =>
      tf.tidy(() =>
        tf
          .grad((y: tf.Tensor) => gelu(y))(x)
          .dispose(),
      );
    for (let i = 0; i < 500; i++) work();
    const before = heapInUse();
    for (let i = 0; i < 10000; i++) work();
    // A text kept for each of both calls would be 960 KB.
    expect(heapInUse() - before).toBeLessThan(400_000);
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

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { registerWasm } from '../src/index.ts';
import { numbers, random } from './random.ts';
import { difference, useWasm } from './setup.ts';
import { type Run, train } from './steps.ts';

afterEach(() => vi.restoreAllMocks());

describe('threads', () => {
  it('never show in the result, bit for bit', async () => {
    const runs: Run[] = [];
    for (const threads of [1, 2, 3]) {
      expect((await registerWasm({ threads })).threads).toBe(threads);
      await tf.setBackend('wasm');
      runs.push(train(4));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it('train like the cpu backend', async () => {
    await useWasm();
    const ours = train(3);
    await tf.setBackend('cpu');
    const theirs = train(3);
    // AdamW divides by the root of the squared gradient, so a first step turns rounding of tiny
    // gradients into whole steps of some weights; the losses show that training is the same.
    ours.losses.forEach((loss, step) => {
      expect(Math.abs(loss - theirs.losses[step]!)).toBeLessThan(1e-3);
    });
    expect(ours.losses[2]).toBeLessThan(ours.losses[0]!);
  });

  it('leave the weights that the cpu backend leaves, after steps of AdamW', async () => {
    // An epsilon above the rounding of gradients: without it a first step of AdamW is the sign of the
    // gradient, whole steps apart where a gradient is rounding around zero.
    await useWasm();
    const ours = train(3, { epsilon: 1e-3 });
    await tf.setBackend('cpu');
    const theirs = train(3, { epsilon: 1e-3 });
    expect(ours.weights.length).toBe(theirs.weights.length);
    expect(difference(ours.weights, theirs.weights)).toBeLessThan(1e-4);
    const start = train(0, { epsilon: 1e-3 });
    expect(difference(ours.weights, start.weights)).toBeGreaterThan(1e-3);
  });

  it('give one gradient step equal to the cpu backend to rounding', async () => {
    const step = () => {
      const model = convMixer({ inputShape: [12, 12, 3], classes: 5, dim: 20, depth: 2 });
      const x = random(1, [8, 12, 12, 3]);
      const labels = tf.tensor1d([0, 1, 2, 3, 4, 0, 1, 2], 'int32');
      const { grads } = tf.variableGrads(() =>
        softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor),
      );
      const values = Object.values(grads).map((tensor) => tensor.dataSync() as Float32Array);
      tf.dispose([x, labels, grads]);
      model.dispose();
      return values;
    };
    await useWasm();
    const ours = step();
    await tf.setBackend('cpu');
    expect(difference(ours, step())).toBeLessThan(1e-4);
  });

  it("take every core for 'auto', also where there are two", async () => {
    const os = process.getBuiltinModule('node:os');
    vi.spyOn(os, 'availableParallelism').mockReturnValue(2);
    expect(await registerWasm()).toEqual({ threads: 2, simd: true });
  });

  it('fall back to one with a reason where workers cannot start', async () => {
    const workers = process.getBuiltinModule('node:worker_threads');
    const { Worker } = workers;
    try {
      Object.assign(workers, {
        Worker: class {
          constructor() {
            throw new Error('no more threads');
          }
        },
      });
      const info = await registerWasm({ threads: 2 });
      expect(info.threads).toBe(1);
      expect(info.reason).toMatch(/no more threads/);
      await tf.setBackend('wasm');
      expect(
        tf
          .ones([64, 64])
          .matMul(tf.ones([64, 64]))
          .dataSync()[0],
      ).toBe(64);
    } finally {
      Object.assign(workers, { Worker });
    }
  });

  it('refuse a number that is none', async () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) {
      await expect(registerWasm({ threads })).rejects.toThrow(/whole number of 1 or more/);
    }
  });

  it('come again after the backend was disposed of', async () => {
    await useWasm();
    const first = tf.backend();
    first.dispose();
    const again = (await tf.findBackendFactory('wasm')()) as tf.KernelBackend;
    expect(again).not.toBe(first);
    again.dispose();
  });
});

it('a training run leaks no tensor and no memory', async () => {
  await useWasm();
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  train(2);
  const tensors = tf.memory().numTensors;
  const grown = wasm.HEAPU8.buffer.byteLength;
  train(1000);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(wasm.HEAPU8.buffer.byteLength).toBe(grown);
});

it('large reductions agree with float64', async () => {
  await useWasm();
  const values = numbers(3, 3_000_000).map((value) => value + 1);
  const exact = values.reduce((sum, value) => sum + value, 0);
  const sum = tf.tidy(() => tf.tensor1d(values).sum().dataSync()[0]!);
  expect(Math.abs(sum / exact - 1)).toBeLessThan(1e-6);
});

const built = new URL('../dist/index.js', import.meta.url);

it.skipIf(!existsSync(built))('workers let the process end', async () => {
  // The built package is what a process of its own can load without a bundler.
  const script = `
    import { registerWasm } from ${JSON.stringify(built.href)};
    import * as tf from '@tensorflow/tfjs';
    await registerWasm({ threads: 2 });
    await tf.setBackend('wasm');
    console.log(tf.ones([512, 512]).matMul(tf.ones([512, 512])).dataSync()[0]);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { cwd: new URL('..', import.meta.url), timeout: 250_000 },
  );
  expect(stdout).toContain('512');
});

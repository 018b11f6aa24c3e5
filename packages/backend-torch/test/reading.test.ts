import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { adamw } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDevice } from '../src/device.ts';
import { registerTorch } from '../src/index.ts';
import { setUp } from '../src/setup.ts';
import { torchFolder } from './found.ts';
import { type DeviceLog, gpuStandIn } from './stand-in.ts';

const bytes = () => (tf.memory() as unknown as { torchBytes: number }).torchBytes;
/** 64 MiB of numbers that differ. */
const large = () => tf.range(0, 2 ** 24, 1, 'float32');

/** How often the event loop turns until a promise is settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let [turns, waiting] = [0, true];
  const done = promise.finally(() => {
    waiting = false;
  });
  const turn = () => {
    turns++;
    if (waiting) setImmediate(turn);
  };
  setImmediate(turn);
  await done;
  return turns;
}

describe.skipIf(torchFolder === undefined)('data() on the processor', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('leaves the event loop free while much is copied', async () => {
    const x = large();
    const pending = [x.data(), x.data(), x.data()];
    expect(await turnsUntil(Promise.all(pending))).toBeGreaterThan(10);
    for (const values of await Promise.all(pending)) {
      expect(values.length).toBe(2 ** 24);
      expect([values[0], values[77_777], values.at(-1)]).toEqual([0, 77_777, 2 ** 24 - 1]);
    }
    x.dispose();
  });

  test('gives the values of a tensor that is disposed meanwhile, and frees it then', async () => {
    const before = bytes();
    const x = large();
    const [first, second] = [x.data(), x.data()];
    x.dispose();
    expect(bytes()).toBe(before + 2 ** 26);
    // Whatever is made meanwhile must not come to lie in its place.
    const other = tf.fill([2 ** 24], -1);
    const found = await Promise.all([first, second]);
    for (const values of found) expect(values[5_000_000]).toBe(5_000_000);
    other.dispose();
    expect(bytes()).toBe(before);
  });

  test('gives a variable as it was when an optimiser writes over it meanwhile', async () => {
    const variable = tf.tidy(() => tf.variable(large()));
    const optimizer = adamw({ learningRate: 1, weightDecay: 0 });
    const gradient = tf.onesLike(variable);
    const update = () => optimizer.applyGradients({ [variable.name]: gradient });
    // From the second on, the update is made in place.
    update();
    const pending = [variable.data(), variable.data()];
    update();
    const now = variable.dataSync();
    for (const values of await Promise.all(pending)) {
      expect([values[3], values[12_345_678]]).toEqual([2, 12_345_677]);
    }
    expect(now[3]).toBeCloseTo(1, 5);
    // Once nobody waits, it is in place again: no second tensor of this size is made.
    const peak = () => (tf.memory() as unknown as { torchPeakBytes: number }).torchPeakBytes;
    const high = peak();
    update();
    expect(peak()).toBe(high);
    tf.dispose([variable, gradient]);
    optimizer.dispose();
  });

  test('answers hundreds at once, of every dtype and size', async () => {
    const before = tf.memory().numTensors;
    const all = Array.from({ length: 400 }, (_, i) => tf.fill([i % 7 === 0 ? 300_000 : i], i));
    const found = await Promise.all(all.map((x) => x.data()));
    found.forEach((values, i) => {
      expect(values.length).toBe(i % 7 === 0 ? 300_000 : i);
      if (values.length > 0) expect([values[0], values.at(-1)]).toEqual([i, i]);
    });
    tf.dispose(all);
    const whole = tf.tensor1d([1, 2, 3], 'int32');
    const flags = tf.tensor1d([true, false], 'bool');
    const texts = tf.tensor1d(['a', 'b']);
    const complex = tf.complex([1, 2], [3, 4]);
    expect(Array.from(await whole.data())).toEqual([1, 2, 3]);
    expect(Array.from(await flags.data())).toEqual([1, 0]);
    expect(Array.from(await texts.data())).toEqual(['a', 'b']);
    expect(Array.from(await complex.data())).toEqual([1, 3, 2, 4]);
    tf.dispose([whole, flags, texts, complex]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

const isBuilt = existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url)));

// The script imports the built package: without a build this shows as skipped.
describe.skipIf(torchFolder === undefined || !isBuilt)('data() in worker threads', () => {
  const start = (end: string) =>
    new Worker(fileURLToPath(new URL('reader.mjs', import.meta.url)), {
      workerData: { path: torchFolder, end },
    });
  const message = (worker: Worker) =>
    new Promise<number[]>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });

  test('two at once have what they wait for', async () => {
    const found = await Promise.all([start('wait'), start('wait')].map(message));
    expect(found).toEqual([
      [0, 4_194_303, 1],
      [0, 4_194_303, 1],
    ]);
  });

  test('one that is stopped while it waits takes nothing down', async () => {
    const worker = start('never');
    expect(await message(worker)).toEqual([]);
    await worker.terminate();
    expect(await message(start('wait'))).toEqual([0, 4_194_303, 1]);
  });
});

describe.skipIf(torchFolder === undefined)('data() from a GPU, on a stand-in', () => {
  let log: DeviceLog;

  beforeAll(async () => {
    const standIn = gpuStandIn(torchFolder!);
    log = standIn.log;
    const device = parseDevice('cuda:1');
    setUp(standIn.library, { device, threads: 1, deterministic: false, precision: 'float32' });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('torch');
  });

  test('waits in another thread, for small tensors too', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const { later } = log;
    const square = x.square();
    const pending = square.data();
    expect(log.later).toBe(later);
    expect(await turnsUntil(pending)).toBeGreaterThan(1);
    expect(log.later).toBe(later + 1);
    expect(Array.from(await pending)).toEqual([1, 4, 9]);
    tf.dispose([x, square]);
  });

  test('gives values as of the call, in order, whatever comes after', async () => {
    const before = bytes();
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([5, 6])));
    const optimizer = adamw({ learningRate: 1, weightDecay: 0 });
    const gradient = tf.onesLike(variable);
    const pending: Promise<Float32Array | Int32Array | Uint8Array>[] = [];
    for (let i = 0; i < 5; i++) {
      pending.push(variable.data());
      optimizer.applyGradients({ [variable.name]: gradient });
    }
    tf.dispose([variable, gradient]);
    optimizer.dispose();
    const found = await Promise.all(pending);
    found.forEach((values, i) => {
      expect(values[0]).toBeCloseTo(5 - i, 5);
      expect(values[1]).toBeCloseTo(6 - i, 5);
    });
    expect(bytes()).toBe(before);
  });

  test('rejects when the copy fails, and goes on with the next', async () => {
    const before = bytes();
    const x = tf.tensor1d([1, 2]);
    log.fail = true;
    const [lost, kept] = [x.data(), x.data()];
    x.dispose();
    await expect(lost).rejects.toThrow(/expected the values from the GPU, found that libtorch/);
    expect(Array.from(await kept)).toEqual([1, 2]);
    expect(bytes()).toBe(before);
  });
});

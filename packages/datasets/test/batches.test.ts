import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rng, stream } from '@pleat/random';
import { describe, expect, test } from 'vitest';
import { planBatches } from '../src/batches/plan.ts';
import { workerBatches } from '../src/batches/workers.ts';
import {
  type AugmentStep,
  type Batch,
  type BatchOptions,
  batches,
  type Split,
} from '../src/index.ts';
import { errorOf } from './helpers.ts';

const built = existsSync(new URL('../dist/worker.js', import.meta.url));
const shape = [16, 16, 3] as const;

function makeSplit(length: number): Split {
  const random = rng(stream(1, 'split'));
  return {
    images: Uint8Array.from({ length: length * 768 }, () => random.integer(256)),
    labels: Uint8Array.from({ length }, (_, i) => i % 10),
    length,
  };
}
const split = makeSplit(230);
const everything: AugmentStep[] = [
  { name: 'random-resized-crop' },
  { name: 'random-crop', padding: 2, mode: 'reflect' },
  { name: 'flip' },
  { name: 'rand-augment', n: 2, magnitude: 12 },
  { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
  { name: 'random-erasing', value: 'random' },
];
const base: BatchOptions = {
  shape,
  batchSize: 32,
  seed: 3,
  epoch: 2,
  augment: everything,
  normalize: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
};
async function all(options: Partial<BatchOptions> = {}, of: Split = split): Promise<Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches(of, { ...base, ...options })) list.push(batch);
  return list;
}

/** All of it as text: comparing many arrays element by element takes the test runner seconds. */
function digest(list: Batch[]): string {
  const hash = createHash('sha256');
  for (const { images, labels, indices, size } of list) {
    hash.update(images).update(labels).update(indices).update(`${size};`);
  }
  return `${list.length} batches ${hash.digest('hex')}`;
}

test('an epoch: every image once, labels with their images, a smaller last batch', async () => {
  const list = await all();
  expect(list.map(({ size }) => size)).toEqual([32, 32, 32, 32, 32, 32, 32, 6]);
  const indices = list.flatMap((batch) => [...batch.indices]);
  expect([...indices].sort((a, b) => a - b)).toEqual(Array.from({ length: 230 }, (_, i) => i));
  for (const { indices, labels, images, size } of list) {
    expect([...labels]).toEqual([...indices].map((i) => i % 10));
    expect(images.length).toBe(size * 768);
  }
  expect((await all({ dropRemainder: true })).map(({ size }) => size)).toEqual(
    new Array(7).fill(32),
  );
});

test('without shuffling and augmentation, the split in its own order', async () => {
  const list: Batch[] = [];
  for await (const batch of batches(split, { shape, batchSize: 100, shuffle: false }))
    list.push(batch);
  const pixels = list.flatMap(({ images }) => [...images]);
  expect(pixels.length).toBe(split.images.length);
  expect(pixels.every((pixel, i) => pixel === Math.fround(split.images[i]! / 255))).toBe(true);
});

test('seed and epoch choose the order; the same ones give the same epoch', async () => {
  const order = async (options: Partial<BatchOptions>) =>
    (await all(options)).flatMap(({ indices }) => [...indices]).join();
  const first = await order({});
  expect(await order({})).toBe(first);
  expect(await order({ epoch: 3 })).not.toBe(first);
  expect(await order({ seed: 4 })).not.toBe(first);
});

test('an epoch taken up in the middle goes on identically', async () => {
  const whole = await all();
  expect(digest(await all({ startBatch: 5 }))).toBe(digest(whole.slice(5)));
  expect(await all({ startBatch: 8 })).toEqual([]);
  expect(batches(split, { ...base, startBatch: 5 }).length).toBe(8);
});

test('an image is augmented the same whatever batch it is in', async () => {
  const byIndex = (list: Batch[]) => {
    const found = new Map<number, Float32Array>();
    for (const { indices, images } of list) {
      indices.forEach((index, k) => {
        found.set(index, images.slice(k * 768, (k + 1) * 768));
      });
    }
    return found;
  };
  const a = byIndex(await all({ batchSize: 7 }));
  const b = byIndex(await all({ shuffle: false, batchSize: 100 }));
  for (const [index, image] of a) {
    expect(Buffer.compare(Buffer.from(image.buffer), Buffer.from(b.get(index)!.buffer))).toBe(0);
  }
});

test('other events get their turn while a large batch is prepared', async () => {
  const large = makeSplit(6000);
  let ticks = 0;
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    ticks++;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const start = performance.now();
  for await (const _ of batches(large, { ...base, batchSize: 6000 })) clearInterval(timer);
  const whole = performance.now() - start;
  // Without slices not one timer would run before the only batch is there.
  expect(ticks).toBeGreaterThan(whole / 100);
  expect(longest).toBeLessThan(whole / 2);
});

test('options that make no sense are refused', async () => {
  const refused: [Partial<BatchOptions>, RegExp][] = [
    [{ batchSize: 0 }, /batchSize to be a whole number of at least 1, found 0/],
    [{ epoch: -1 }, /epoch to be a whole number/],
    [{ workers: 1.5 }, /workers to be a whole number/],
    [{ startBatch: 9 }, /startBatch to be a whole number of 0\.\.8, found 9/],
    [{ shape: [16, 16, 1] }, /expected 230 images of 16 x 16 x 1 = 58880 bytes, found 176640/],
    [{ normalize: { mean: [0], std: [1, 1, 1] } }, /normalize.mean to have 3 values/],
    [{ augment: [{ name: 'flip', p: 2 }] }, /flip: p/],
  ];
  for (const [options, message] of refused) {
    const error = await errorOf(() => batches(split, { ...base, ...options }));
    expect(error).toMatchObject({ code: 'bad-option' });
    expect(error.message).toMatch(message);
  }
});

test('close ends an iteration, waiting or not', async () => {
  const epoch = batches(split, base);
  const iterator = epoch[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = iterator.next();
  await epoch.close();
  expect((await waiting).done).toBe(true);
  expect((await iterator.next()).done).toBe(true);
});

describe.skipIf(!built)('on worker threads (dist/worker.js)', () => {
  test.each([1, 2, 3])('%i workers give exactly what none gives', async (workers) => {
    const epoch = batches(split, { ...base, workers });
    expect(epoch.workers).toBe(workers);
    const inline = digest(await all());
    expect(digest(await all({ workers }))).toBe(inline);
    expect(digest(await all({ workers, prefetch: 1 }))).toBe(inline);
    const rest = digest(await all({ startBatch: 3 }));
    expect(digest(await all({ workers, prefetch: 50, startBatch: 3 }))).toBe(rest);
  });

  test('images in shared memory are used as they are', async () => {
    const images = new Uint8Array(new SharedArrayBuffer(split.images.length));
    images.set(split.images);
    expect(digest(await all({ workers: 2 }, { ...split, images }))).toBe(digest(await all()));
  });

  test('batches go on being prepared while the calling thread is busy', async () => {
    const iterator = batches(split, { ...base, workers: 2, prefetch: 4 })[Symbol.asyncIterator]();
    const wake = new Int32Array(new SharedArrayBuffer(4));
    await iterator.next();
    const busyUntil = performance.now() + 600;
    while (performance.now() < busyUntil) Atomics.wait(wake, 0, 0, 10);
    // Four batches are done by now: taking them needs no more than a few turns of the event loop.
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    for (let k = 0; k < 3; k++) await iterator.next();
    running = false;
    await iterator.return?.();
    expect(turns).toBeLessThan(20);
  });

  test('breaking out, returning and closing stop the workers', () => {
    // In a process of its own: it can only end when no worker is left, and must end by itself.
    const script = `
      import { batches } from '../dist/index.js';
      const split = { images: new Uint8Array(6400), labels: new Uint8Array(100), length: 100 };
      const options = { shape: [8, 8, 1], batchSize: 4, workers: 2 };
      for await (const batch of batches(split, options)) break;
      const epoch = batches(split, options);
      const waiting = epoch[Symbol.asyncIterator]();
      await waiting.next();
      const next = waiting.next();
      await epoch.close();
      await next;
      const left = batches(split, options)[Symbol.asyncIterator]();
      await left.next();
      console.log('end');
    `;
    const started = performance.now();
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        encoding: 'utf8',
        timeout: 120_000,
      },
    );
    expect(stderr).toBe('');
    expect([stdout.trim(), status]).toEqual(['end', 0]);
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test('an error inside a worker rejects the iteration', async () => {
    const script = new URL('../dist/worker.js', import.meta.url);
    const plan = planBatches(split, { ...base, workers: 2 });
    // Options that `batches` itself would have refused.
    const bad = { ...plan, augment: [...everything, { name: 'flip' } as const] };
    const error = await errorOf(() =>
      workerBatches(bad, new AbortController().signal, script).next(),
    );
    expect(error.code).toBe('worker');
    expect(error.message).toMatch(/its worker failed: .*random-erasing after all other steps/);
  });

  test.each([
    [1, 'batch 1 to be prepared, but its worker failed: told'],
    [2, 'every batch to be prepared, but its worker failed: thrown'],
    [3, 'every batch to be prepared, but its worker failed: it exited with status 3'],
  ])(
    'a failure in the middle of an epoch comes at its batch and ends the iteration (%i)',
    async (seed, message) => {
      const script = new URL('./fixtures/failing-worker.mjs', import.meta.url);
      const plan = planBatches(split, { ...base, workers: 1, prefetch: 1, seed });
      const iteration = workerBatches(plan, new AbortController().signal, script);
      expect((await iteration.next()).done).toBe(false);
      const error = await errorOf(() => iteration.next());
      expect(error.code).toBe('worker');
      expect(error.message).toBe(`batches: expected ${message}`);
      expect((await iteration.next()).done).toBe(true);
    },
  );

  test('a worker script that is not there rejects the iteration', async () => {
    const plan = planBatches(split, { ...base, workers: 2 });
    const script = new URL('./no-such-worker.js', import.meta.url);
    const error = await errorOf(() =>
      workerBatches(plan, new AbortController().signal, script).next(),
    );
    expect(error.code).toBe('worker');
    expect(error.message).toMatch(/Cannot find module/);
  });
});

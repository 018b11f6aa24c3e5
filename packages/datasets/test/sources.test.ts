import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DatasetError, datasetNames, loadDataset } from '../src/index.ts';
import { cifarFile, errorOf, idxFile, temporaryFolder } from './helpers.ts';

const mnistFiles = (train: number, test: number) => ({
  'train-images-idx3-ubyte': idxFile([train, 4, 5], (i) => i & 255),
  'train-labels-idx1-ubyte': idxFile([train], (i) => i % 10),
  't10k-images-idx3-ubyte': idxFile([test, 4, 5], (i) => (i * 3) & 255),
  't10k-labels-idx1-ubyte': idxFile([test], (i) => i % 10),
});

function write(folder: string, files: Record<string, Uint8Array>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

const batch = (records: number, label: number) =>
  cifarFile(
    records,
    () => [label],
    (r, c, p) => r + c * 50 + p,
  );

test('MNIST from plain files, from gzipped ones, and from a folder of data sets', async () => {
  const files = mnistFiles(30, 7);
  const packed = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]),
  );
  const parent = temporaryFolder();
  write(join(parent, 'mnist'), packed);
  for (const data of [write(temporaryFolder(), files), write(temporaryFolder(), packed), parent]) {
    const { train, test, shape } = await loadDataset('mnist', { data, validation: 0 });
    expect([train.length, test?.length, ...shape]).toEqual([30, 7, 4, 5, 1]);
    expect(train.images.subarray(0, 600)).toEqual(
      Uint8Array.from({ length: 600 }, (_, i) => i & 255),
    );
  }
});

test('CIFAR-10 from some of its files, without a test file', async () => {
  const data = temporaryFolder();
  write(join(data, 'cifar10', 'cifar-10-batches-bin'), {
    'data_batch_1.bin.gz': gzipSync(batch(3, 1)),
    'data_batch_4.bin': batch(2, 4),
  });
  const { train, test, classes } = await loadDataset('cifar10', { data, validation: 0 });
  expect(test).toBeNull();
  expect([...train.labels]).toEqual([1, 1, 1, 4, 4]);
  expect(classes[4]).toBe('deer');
});

test('PLEAT_DATA names a folder of data sets, and only a folder of that name counts', async () => {
  const root = temporaryFolder();
  vi.stubEnv('PLEAT_DATA', root);
  onTestFinished(() => void vi.unstubAllEnvs());
  // Fashion-MNIST's files have the same names: lying in the folder itself they must not pass for MNIST.
  write(root, mnistFiles(10, 2));
  const nowhere = { cache: temporaryFolder(), download: false };
  const error = await errorOf(() => loadDataset('mnist', nowhere));
  expect(error.code).toBe('not-found');
  expect(error.message).toContain(join(root, 'mnist'));
  expect(error.message).toContain(nowhere.cache);
  write(join(root, 'mnist'), mnistFiles(30, 7));
  expect((await loadDataset('mnist', { validation: 3 })).train.length).toBe(27);
  const elsewhere = { data: write(temporaryFolder(), mnistFiles(50, 5)), validation: 0 };
  expect((await loadDataset('mnist', elsewhere)).train.length).toBe(50);
});

async function archive(
  folder: string,
  name: string,
  files: Record<string, Uint8Array>,
): Promise<string> {
  write(join(folder, 'inner'), files);
  const path = join(folder, name);
  await create({ gzip: true, file: path, cwd: folder }, ['inner']);
  return path;
}

test('CIFAR from the official .tar.gz, fine and coarse labels', async () => {
  const data = temporaryFolder();
  await archive(data, 'cifar-100-binary.tar.gz', {
    'train.bin': cifarFile(
      4,
      (r) => [r, 90 + r],
      (_, c) => c,
    ),
    'test.bin': cifarFile(
      2,
      () => [19, 99],
      () => 7,
    ),
    'fine_label_names.txt': new TextEncoder().encode('apple\n'),
  });
  const fine = await loadDataset('cifar100', { data, validation: 0 });
  expect([...fine.train.labels]).toEqual([90, 91, 92, 93]);
  expect([fine.classes.length, fine.classes[99], fine.test?.labels[0]]).toEqual([100, 'worm', 99]);
  const coarse = await loadDataset('cifar100', { data, validation: 0, labels: 'coarse' });
  expect([...coarse.train.labels]).toEqual([0, 1, 2, 3]);
  expect([coarse.classes.length, coarse.classes[19]]).toEqual([20, 'vehicles_2']);
  expect([...coarse.train.images.subarray(0, 3)]).toEqual([0, 1, 2]);
});

test('damaged archives give one typed error with the file and what to do', async () => {
  const data = temporaryFolder();
  const path = await archive(data, 'cifar-10-binary.tar.gz', { 'data_batch_1.bin': batch(5, 1) });
  const whole = readFileSync(path);
  const load = () => loadDataset('cifar10', { data });
  writeFileSync(path, whole.subarray(0, whole.length >> 1));
  const cut = await errorOf(load);
  expect(cut).toMatchObject({ code: 'truncated', file: path, offset: whole.length >> 1 });
  expect(cut.message).toMatch(/expected gzip data, found the end; fetch the file again\.$/);
  writeFileSync(path, gzipSync(Buffer.from('this is no tar archive '.repeat(100))));
  expect(await errorOf(load)).toMatchObject({ code: 'corrupt', file: path });
});

test('damaged gzip files: cut anywhere, or changed anywhere', async () => {
  const good = mnistFiles(30, 7);
  const folder = write(temporaryFolder(), good);
  const noise = idxFile([30, 4, 5], (i) => (i * i * 31 + (i >> 3) * 17) & 255);
  const packed = gzipSync(noise);
  const name = 'train-images-idx3-ubyte';
  const path = join(folder, `${name}.gz`);
  write(folder, { [`${name}.gz`]: packed });
  rmSync(join(folder, name));
  const load = () => loadDataset('mnist', { data: folder, validation: 0 });
  const original = await load();
  for (let cut = 0; cut < packed.length; cut += 23) {
    writeFileSync(path, packed.subarray(0, cut));
    const error = await errorOf(load);
    expect(error, `cut at ${cut}`).toMatchObject({ code: 'truncated', file: path });
    expect(error.offset).toBeLessThanOrEqual(cut);
  }
  let refused = 0;
  for (let at = 10; at < packed.length; at += 17) {
    const changed = Uint8Array.from(packed);
    changed[at]! ^= 0x40;
    writeFileSync(path, changed);
    // Deflate has padding bits that mean nothing: then the images must be the same.
    const result = await load().catch((error: unknown) => error);
    if (result instanceof DatasetError) {
      refused++;
      expect(result.file).toBe(path);
      expect(['corrupt', 'truncated']).toContain(result.code);
    } else expect(result, `changed at ${at}`).toEqual(original);
  }
  expect(refused).toBeGreaterThan(30);
});

test('images without their labels', async () => {
  const { 'train-labels-idx1-ubyte': _, ...files } = mnistFiles(10, 2);
  const error = await errorOf(() =>
    loadDataset('mnist', { data: write(temporaryFolder(), files) }),
  );
  expect(error).toMatchObject({ code: 'not-found', file: 'train-labels-idx1-ubyte' });
});

test('training and test images of different sizes', async () => {
  const files = { ...mnistFiles(10, 2), 't10k-images-idx3-ubyte': idxFile([2, 3, 3], () => 0) };
  const error = await errorOf(() =>
    loadDataset('mnist', { data: write(temporaryFolder(), files) }),
  );
  expect(error.code).toBe('mislabelled');
  expect(error.message).toMatch(/images of 4 x 5 .*found 3 x 3/);
});

test.each(datasetNames)('%s: a folder without it says where was looked', async (name) => {
  const data = temporaryFolder();
  const error = await errorOf(() => loadDataset(name, { data }));
  expect(error.code).toBe('not-found');
  expect(error.message).toContain(data);
  expect(error.message).toMatch(/give the folder that holds them as data\.$/);
});

test('an unknown name', async () => {
  const error = await errorOf(() => loadDataset('imagenet' as 'mnist'));
  expect(error).toMatchObject({ code: 'unknown-name' });
  expect(error.message).toContain("found 'imagenet'");
  expect(await errorOf(() => loadDataset('toString' as 'mnist'))).toMatchObject({
    code: 'unknown-name',
  });
});

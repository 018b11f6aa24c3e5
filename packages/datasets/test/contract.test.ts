import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  batches,
  type Dataset,
  type DatasetName,
  datasetNames,
  type LoadOptions,
  loadDataset,
} from '../src/index.ts';
import { registry } from '../src/sets/registry.ts';
import { cifarFile, errorOf, idxFile, realData, temporaryFolder } from './helpers.ts';

// What every data set must do, on small files of its form; and, where the real files are, on those.

const value = (i: number) => (i * 37 + (i >> 4) * 11) & 255;
const idx = (height: number, width: number) => ({
  'train-images-idx3-ubyte': idxFile([100, height, width], value),
  'train-labels-idx1-ubyte': idxFile([100], (i) => i % 10),
  't10k-images-idx3-ubyte': idxFile([20, height, width], value),
  't10k-labels-idx1-ubyte': idxFile([20], (i) => i % 10),
});
const plane = (r: number, c: number, p: number) => value(r * 3 + c * 1024 + p);
const small: Record<DatasetName, Record<string, Uint8Array>> = {
  'fashion-mnist-subset': idx(28, 28),
  'fashion-mnist': idx(28, 28),
  mnist: idx(28, 28),
  cifar10: {
    'data_batch_1.bin': cifarFile(60, (r) => [r % 10], plane),
    'data_batch_2.bin': cifarFile(40, (r) => [r % 10], plane),
    'test_batch.bin': cifarFile(20, (r) => [r % 10], plane),
  },
  cifar100: {
    'train.bin': cifarFile(100, (r) => [r % 20, r], plane),
    'test.bin': cifarFile(20, (r) => [r, r * 5], plane),
  },
  digits: {
    'digits.csv': new TextEncoder().encode(
      Array.from({ length: 125 }, (_, i) =>
        [...Array.from({ length: 64 }, (_, p) => (i + p) % 17), i % 10].join(),
      ).join('\n'),
    ),
  },
};

function contract(
  name: DatasetName,
  load: (options?: Pick<LoadOptions, 'validation' | 'holdOut' | 'seed'>) => Promise<Dataset>,
) {
  test('says what it is', async () => {
    const set = await load();
    expect(set.name).toBe(name);
    expect(set.shape.every((size) => Number.isInteger(size) && size > 0)).toBe(true);
    expect([1, 3]).toContain(set.shape[2]);
    expect(new Set(set.classes).size).toBe(set.classes.length);
  });

  test('every split has its pixels and labels, all labels are classes', async () => {
    const set = await load();
    const size = set.shape[0] * set.shape[1] * set.shape[2];
    for (const split of [set.train, set.validation, ...(set.test ? [set.test] : [])]) {
      expect(split.length).toBeGreaterThan(0);
      expect(split.images.length).toBe(split.length * size);
      expect(split.labels.length).toBe(split.length);
      expect(split.labels.every((label) => label < set.classes.length)).toBe(true);
    }
  });

  test('train and validation are the training images, each once, drawn by seed', async () => {
    const all = await load({ validation: 0 });
    const set = await load({ validation: 0.25, seed: 1 });
    expect(all.validation.length).toBe(0);
    expect(set.validation.length).toBe(Math.round(all.train.length / 4));
    const size = set.shape[0] * set.shape[1] * set.shape[2];
    const keys = (split: Dataset['train']) =>
      Array.from({ length: split.length }, (_, i) => {
        const image = Buffer.from(split.images.subarray(i * size, (i + 1) * size)).toString(
          'latin1',
        );
        return `${split.labels[i]} ${image}`;
      });
    expect([...keys(set.train), ...keys(set.validation)].sort()).toEqual(keys(all.train).sort());
    const same = await load({ validation: 0.25, seed: 1 });
    expect(keys(same.validation)).toEqual(keys(set.validation));
    const other = await load({ validation: 0.25, seed: 2 });
    expect(keys(other.validation)).not.toEqual(keys(set.validation));
    expect(other.test?.labels).toEqual(set.test?.labels);
  });

  test('the last training images are held out when asked for, whatever the seed', async () => {
    const all = await load({ validation: 0 });
    const count = Math.floor(all.train.length / 5);
    const pixels = (count * all.train.images.length) / all.train.length;
    for (const seed of [0, 1]) {
      const { train, validation } = await load({ validation: count, holdOut: 'last', seed });
      expect(validation.labels).toEqual(all.train.labels.slice(-count));
      expect(Buffer.compare(validation.images, all.train.images.subarray(-pixels))).toBe(0);
      expect(train.labels).toEqual(all.train.labels.slice(0, -count));
    }
    await expect(load({ holdOut: 'first' as never })).rejects.toThrow(
      `loadDataset: expected holdOut to be 'drawn' or 'last', found "first"`,
    );
  });

  test('validation holds every class in its share', async () => {
    const all = await load({ validation: 0 });
    const count = Math.floor(all.train.length / 5);
    const { validation } = await load({ validation: count });
    expect(validation.length).toBe(count);
    const shares = (labels: ArrayLike<number>) => {
      const counts = new Array<number>(all.classes.length).fill(0);
      for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
      return counts;
    };
    const whole = shares(all.train.labels);
    shares(validation.labels).forEach((held, c) => {
      expect(Math.abs(held - (whole[c]! * count) / all.train.length)).toBeLessThan(1);
    });
  });

  test('mean and std are those of the training split', async () => {
    const { train, shape, mean, std } = await load();
    for (let c = 0; c < shape[2]; c++) {
      let sum = 0;
      let squares = 0;
      let n = 0;
      for (let i = c; i < train.images.length; i += shape[2], n++) {
        const pixel = train.images[i]! / 255;
        sum += pixel;
        squares += pixel * pixel;
      }
      expect(mean[c]).toBeCloseTo(sum / n, 9);
      expect(std[c]).toBeCloseTo(Math.sqrt(squares / n - (sum / n) ** 2), 7);
    }
    expect([mean.length, std.length]).toEqual([shape[2], shape[2]]);
  });

  test('gives batches of mean 0 and deviation 1 when normalised', async () => {
    const { validation, shape, mean, std } = await load();
    let seen = 0;
    const epoch = batches(validation, { shape, batchSize: 64, normalize: { mean, std } });
    for await (const { images, size } of epoch) {
      expect(images.length).toBe(size * shape[0] * shape[1] * shape[2]);
      expect(images.every((pixel) => Math.abs(pixel) < 20)).toBe(true);
      seen += size;
    }
    expect(seen).toBe(validation.length);
  });
}

describe.each(datasetNames)('%s from small files', (name) => {
  const load = (options = {}) => {
    const data = temporaryFolder();
    const folder = join(data, registry[name].folders[0]!);
    mkdirSync(folder, { recursive: true });
    for (const [file, bytes] of Object.entries(small[name]))
      writeFileSync(join(folder, file), bytes);
    return loadDataset(name, { data, ...options });
  };
  contract(name, load);

  test('refuses to hold out everything', async () => {
    for (const validation of [1000, -1, 1.5, Number.NaN]) {
      const error = await errorOf(() => load({ validation }));
      expect(error.code).toBe('bad-option');
      expect(error.message).toMatch(/validation to be a share below 1 or a count/);
    }
  });
});

describe('fashion-mnist-subset as shipped', () =>
  contract('fashion-mnist-subset', (o) => loadDataset('fashion-mnist-subset', o)));

describe.skipIf(realData === undefined)('real files', () => {
  const data = realData ?? '';
  describe('digits', () => {
    contract('digits', (options) => loadDataset('digits', { data, ...options }));

    test('1,797 rows: the last 360 are the test split', async () => {
      const { train, test } = await loadDataset('digits', { data, validation: 0 });
      expect([train.length, test?.length]).toEqual([1437, 360]);
      const counts = new Array(10).fill(0);
      for (const label of [...train.labels, ...test!.labels]) counts[label]++;
      expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    });
  });

  test('fashion-mnist: 60,000 and 10,000, each class alike, the published mean and deviation', async () => {
    const { train, test, mean, std } = await loadDataset('fashion-mnist', { data, validation: 0 });
    expect([train.length, test?.length]).toEqual([60000, 10000]);
    for (const [split, each] of [
      [train, 6000],
      [test!, 1000],
    ] as const) {
      const counts = new Array(10).fill(0);
      for (const label of split.labels) counts[label]++;
      expect(counts).toEqual(new Array(10).fill(each));
    }
    // The constants in common use for this training set.
    expect(mean[0]).toBeCloseTo(0.286, 4);
    expect(std[0]).toBeCloseTo(0.353, 4);
  });

  test('cifar10: the four files there are, test split absent', async () => {
    const { train, validation, test, mean, std } = await loadDataset('cifar10', {
      data,
      validation: 5000,
    });
    expect([train.length, validation.length, test]).toEqual([35000, 5000, null]);
    // The constants in common use are of all 50,000 images; 35,000 of them come close.
    [0.4914, 0.4822, 0.4465].forEach((published, c) => {
      expect(Math.abs(mean[c]! - published)).toBeLessThan(0.002);
    });
    [0.247, 0.2435, 0.2616].forEach((published, c) => {
      expect(Math.abs(std[c]! - published)).toBeLessThan(0.001);
    });
  });
});

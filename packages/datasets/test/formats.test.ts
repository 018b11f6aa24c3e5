import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCifar, readDigits, readIdx, readIdxSplit } from '../src/index.ts';
import { cifarFile, errorOf, idxFile } from './helpers.ts';

const images = (count: number) => ({
  name: 'images',
  bytes: idxFile([count, 2, 3], (i) => (i * 7) & 255),
});
const labels = (count: number) => ({ name: 'labels', bytes: idxFile([count], (i) => i % 10) });

test('IDX: any number of images with their labels', () => {
  const { split, height, width } = readIdxSplit(images(11), labels(11), 10);
  expect([split.length, height, width]).toEqual([11, 2, 3]);
  expect([...split.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  expect([...split.images.subarray(6, 12)]).toEqual([42, 49, 56, 63, 70, 77]);
  expect(readIdxSplit(images(0), labels(0), 10).split.length).toBe(0);
});

test('IDX: labels given as images, and the other way round', async () => {
  const swapped = await errorOf(() => readIdxSplit(labels(3), images(3), 10));
  expect(swapped).toMatchObject({ code: 'mislabelled', file: 'labels', offset: 0 });
  expect(swapped.message).toBe(
    'labels: at byte 0 expected the IDX mark 0x00000803 of images, found 0x00000801; check that the file is the one its name says.',
  );
});

test('IDX: a label that is no class is named with its place', async () => {
  const bad = { name: 'labels', bytes: idxFile([4], (i) => [0, 9, 10, 0][i]!) };
  const error = await errorOf(() => readIdxSplit(images(4), bad, 10));
  expect(error).toMatchObject({ code: 'mislabelled', file: 'labels', offset: 10, found: '10' });
});

test('IDX: another number of labels than images', async () => {
  const error = await errorOf(() => readIdxSplit(images(4), labels(5), 10));
  expect(error).toMatchObject({ code: 'mislabelled', file: 'labels', found: '5' });
});

test('IDX: every cut, every added byte and absurd sizes give one typed error', () => {
  const whole = images(5).bytes;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (cut) => {
      expect(() => readIdx({ name: 'f', bytes: whole.slice(0, cut) }, 3)).toThrow(
        expect.objectContaining({
          name: 'DatasetError',
          code: 'truncated',
          file: 'f',
          offset: cut,
        }),
      );
    }),
  );
  const longer = new Uint8Array(whole.length + 1);
  longer.set(whole);
  expect(() => readIdx({ name: 'f', bytes: longer }, 3)).toThrow(
    expect.objectContaining({ code: 'corrupt', offset: whole.length }),
  );
  const absurd = whole.slice();
  absurd.fill(255, 4, 16);
  expect(() => readIdx({ name: 'f', bytes: absurd }, 3)).toThrow(
    expect.objectContaining({ code: 'truncated', offset: whole.length }),
  );
});

const layout = { labelBytes: 1, labelAt: 0, classes: 10 } as const;

test('CIFAR: planes become NHWC, files of any number of records follow each other', () => {
  const value = (r: number, c: number, p: number) => r * 31 + c * 100 + p;
  const a = { name: 'a', bytes: cifarFile(2, (r) => [r], value) };
  const b = {
    name: 'b',
    bytes: cifarFile(
      1,
      () => [9],
      (_, c, p) => value(2, c, p),
    ),
  };
  const split = readCifar([a, b], layout);
  expect(split.length).toBe(3);
  expect([...split.labels]).toEqual([0, 1, 9]);
  for (let r = 0; r < 3; r++) {
    for (let p = 0; p < 1024; p += 97) {
      for (let c = 0; c < 3; c++) {
        expect(split.images[(r * 1024 + p) * 3 + c]).toBe(value(r, c, p) & 255);
      }
    }
  }
});

test('CIFAR-100: both label bytes', () => {
  const file = {
    name: 'train.bin',
    bytes: cifarFile(
      3,
      (r) => [r + 1, r + 70],
      () => 4,
    ),
  };
  const fine = readCifar([file], { labelBytes: 2, labelAt: 1, classes: 100 });
  const coarse = readCifar([file], { labelBytes: 2, labelAt: 0, classes: 20 });
  expect([...fine.labels]).toEqual([70, 71, 72]);
  expect([...coarse.labels]).toEqual([1, 2, 3]);
});

test('CIFAR: cut records, empty files, wrong labels', async () => {
  const good = cifarFile(
    2,
    () => [3],
    () => 0,
  );
  const cut = await errorOf(() => readCifar([{ name: 'x.bin', bytes: good.slice(0, -5) }], layout));
  expect(cut).toMatchObject({
    code: 'truncated',
    file: 'x.bin',
    offset: 3073,
    found: '3068 bytes',
  });
  const empty = await errorOf(() =>
    readCifar([{ name: 'x.bin', bytes: good.slice(0, 0) }], layout),
  );
  expect(empty).toMatchObject({ code: 'truncated', offset: 0 });
  const wrong = good.slice();
  wrong[3073] = 10;
  const bad = await errorOf(() => readCifar([{ name: 'x.bin', bytes: wrong }], layout));
  expect(bad).toMatchObject({ code: 'mislabelled', file: 'x.bin', offset: 3073, found: '10' });
  expect(await errorOf(() => readCifar([], layout))).toMatchObject({ code: 'not-found' });
});

const text = (rows: string[]) => ({
  name: 'd.csv',
  bytes: new TextEncoder().encode(rows.join('\n')),
});
const row = (pixel: number, label: number) => `${`${pixel},`.repeat(64)}${label}`;

test('digits: 0..16 becomes 0..255', () => {
  const split = readDigits(text([row(16, 3), row(5, 0), '']));
  expect(split.length).toBe(2);
  expect([split.images[0], split.images[64], split.labels[0]]).toEqual([255, 80, 3]);
});

test('digits: rows that are not 64 pixels and a label', async () => {
  const first = row(1, 1);
  const next = first.length + 1;
  const cases = [
    [[first, '1,2,3'], 'truncated', next, '3 cells'],
    [[first, '1,2,3', first], 'corrupt', next, '3 cells'],
    [[first, row(17, 0)], 'corrupt', next, "'17' in column 1"],
    [[first, row(2, 10)], 'mislabelled', next, "'10' in column 65"],
    [[first.replace('1,', 'x,')], 'corrupt', 0, "'x' in column 1"],
    [[first.replace('1,', ',')], 'corrupt', 0, "'' in column 1"],
  ] as const;
  for (const [rows, code, offset, found] of cases) {
    const error = await errorOf(() => readDigits(text([...rows])));
    expect(error).toMatchObject({ code, offset, found, file: 'd.csv' });
  }
});

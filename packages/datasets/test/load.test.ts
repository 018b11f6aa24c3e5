import { expect, test } from 'vitest';
import { batches, loadDataset } from '../src/index.ts';

test('the shipped subset: 9,000 + 1,000 + 2,000 images, classes balanced', async () => {
  const { train, validation, test, shape, classes } = await loadDataset('fashion-mnist-subset');
  expect([train.length, validation.length, test?.length]).toEqual([9000, 1000, 2000]);
  expect(shape).toEqual([28, 28, 1]);
  for (const [split, each] of [
    [train, 900],
    [validation, 100],
    [test!, 200],
  ] as const) {
    const counts = new Array(10).fill(0);
    for (const label of split.labels) counts[label]++;
    expect(counts).toEqual(new Array(10).fill(each));
    expect(split.images.length).toBe(split.length * 784);
  }
  expect(classes[9]).toBe('Ankle boot');
});

test('batches give every image once', async () => {
  const { train, shape, mean, std } = await loadDataset('fashion-mnist-subset');
  const seen = new Uint8Array(train.length);
  const epoch = batches(train, {
    shape,
    batchSize: 512,
    normalize: { mean, std },
    augment: [{ name: 'random-crop', padding: 2 }, { name: 'flip' }],
  });
  expect(epoch.length).toBe(18);
  for await (const { indices, labels, size } of epoch) {
    for (let k = 0; k < size; k++) {
      seen[indices[k]!]!++;
      expect(labels[k]).toBe(train.labels[indices[k]!]);
    }
  }
  expect(seen.every((times) => times === 1)).toBe(true);
});

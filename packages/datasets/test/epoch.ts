import type * as datasets from '../src/index.ts';

/** SHA-256 over an augmented epoch of the shipped test images, the same in Node and in a browser. */
export async function digestEpoch(
  { loadDataset, batches }: Pick<typeof datasets, 'loadDataset' | 'batches'>,
  options: datasets.LoadOptions,
): Promise<string> {
  const { test, shape, mean, std } = await loadDataset('fashion-mnist-subset', options);
  if (test === null) throw new Error('the subset has a test split');
  const epoch = batches(test, {
    shape,
    batchSize: 300,
    seed: 5,
    epoch: 2,
    normalize: { mean, std },
    augment: [
      { name: 'random-resized-crop', scale: [0.5, 1] },
      { name: 'flip' },
      { name: 'rand-augment', n: 2, magnitude: 12 },
      { name: 'random-erasing', value: 'random' },
    ],
  });
  const pixels: Uint8Array[] = [];
  for await (const { images } of epoch) pixels.push(new Uint8Array(images.buffer.slice(0)));
  const all = await new Blob(pixels as Uint8Array<ArrayBuffer>[]).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

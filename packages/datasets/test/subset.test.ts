import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { realData } from './helpers.ts';

const shipped = fileURLToPath(new URL('../data/', import.meta.url));

test('the shipped files stay under 6 MB and carry their licence', () => {
  const files = readdirSync(shipped);
  const bytes = files.reduce((sum, file) => sum + statSync(join(shipped, file)).size, 0);
  expect(bytes).toBeLessThan(6e6);
  expect(readFileSync(join(shipped, 'LICENSE'), 'utf8')).toMatch(/MIT License.*2017 Zalando SE/);
});

test.skipIf(realData === undefined).each([
  ['train', 1000],
  ['t10k', 200],
])('%s: the first %i originals of every class, byte for byte, in their order', (part, perClass) => {
  const read = (folder: string, file: string) => gunzipSync(readFileSync(join(folder, file)));
  const originals = join(realData ?? '', 'fashion-mnist');
  const [images, labels] = [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`];
  const [allImages, allLabels] = [read(originals, images), read(originals, labels).subarray(8)];
  const [ourImages, ourLabels] = [read(shipped, images), read(shipped, labels).subarray(8)];
  expect(ourLabels.length).toBe(10 * perClass);
  const image = (from: Buffer, i: number) => from.subarray(16 + i * 784, 16 + (i + 1) * 784);
  let at = 0;
  for (let i = 0; i < allLabels.length; i++) {
    const before = allLabels.subarray(0, i).filter((label) => label === allLabels[i]).length;
    if (before >= perClass) continue;
    expect(ourLabels[at]).toBe(allLabels[i]);
    if (image(ourImages, at).compare(image(allImages, i)) !== 0)
      throw new Error(`image ${at} differs`);
    at++;
    if (at === 10 * perClass) break;
  }
  expect(at).toBe(10 * perClass);
});

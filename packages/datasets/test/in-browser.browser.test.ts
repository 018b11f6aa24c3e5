import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { browserPath, openInChromium, runInFirefox } from '../../../scripts/browser-harness.mjs';
import * as datasets from '../src/index.ts';
import { digestEpoch } from './epoch.ts';

const entry = new URL('./in-browser.ts', import.meta.url);
const files = Object.fromEntries(
  ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'].map((name) => [
    `/images/${name}-ubyte.gz`,
    fileURLToPath(new URL(`../data/${name}-ubyte.gz`, import.meta.url)),
  ]),
);

test.skipIf(!browserPath('chromium'))('Chromium augments to the same bits as Node', async () => {
  const { call, close } = await openInChromium(entry, { files });
  expect(await call('digest')).toBe(await digestEpoch(datasets, {}));
  await close();
});

test.skipIf(!browserPath('chromium'))(
  'a page stays responsive while a batch of 9,000 is prepared',
  async () => {
    const { call, close } = await openInChromium(entry, { files });
    expect(await call('longestWait')).toBeLessThan(500);
    await close();
  },
);

test.skipIf(!browserPath('firefox'))('Firefox augments to the same bits as Node', async () => {
  expect(await runInFirefox(entry, 'digest', [], { files })).toBe(await digestEpoch(datasets, {}));
});

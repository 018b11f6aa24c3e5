import { expect, test } from 'vitest';
import { browserPath, openInChromium, runInFirefox } from '../../../scripts/browser-harness.mjs';
import expected from './golden.json' with { type: 'json' };

const entry = new URL('./golden.ts', import.meta.url);

test.skipIf(!browserPath('chromium'))('Chromium gives the golden bits', async () => {
  const { call, close } = await openInChromium(entry);
  expect(await call('golden')).toEqual(expected);
  await close();
});

test.skipIf(!browserPath('chromium'))('Chromium without WebAssembly does, too', async () => {
  const { call, close } = await openInChromium(entry, { before: 'delete globalThis.WebAssembly' });
  expect(await call('golden')).toEqual(expected);
  await close();
});

test.skipIf(!browserPath('firefox'))('Firefox gives the golden bits', async () => {
  expect(await runInFirefox(entry, 'golden')).toEqual(expected);
});

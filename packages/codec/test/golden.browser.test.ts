import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { browserPath, openInChromium, runInFirefox } from '../../../scripts/browser-harness.mjs';

const entry = new URL('./golden.ts', import.meta.url);
const folder = new URL('golden/', import.meta.url);
const files = Object.fromEntries(
  readdirSync(folder).map((name) => [`/${name}`, new URL(name, folder)]),
);
const names = Object.keys(files)
  .filter((name) => name.endsWith('.pleat'))
  .map((name) => name.slice(1, -'.pleat'.length));
const expected = Object.fromEntries(
  names.map((name) => {
    const written = [...readFileSync(new URL(`${name}.pleat`, folder))];
    return [name, { written, read: true }];
  }),
);

test.skipIf(!browserPath('chromium'))('Chromium reads and writes the golden files', async () => {
  const { call, close } = await openInChromium(entry, { files });
  expect(await call('golden', names)).toEqual(expected);
  await close();
});

test.skipIf(!browserPath('firefox'))('Firefox reads and writes the golden files', async () => {
  expect(await runInFirefox(entry, 'golden', [names], { files })).toEqual(expected);
});

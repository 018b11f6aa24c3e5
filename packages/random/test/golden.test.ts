import { afterEach, expect, test, vi } from 'vitest';
import expected from './golden.json' with { type: 'json' };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test('the fills have the bits an independent implementation computed', async () => {
  const { golden } = await import('./golden.ts');
  expect(await golden()).toEqual(expected);
});

test('so they have where there is no WebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  const { golden } = await import('./golden.ts');
  expect(await golden()).toEqual(expected);
});

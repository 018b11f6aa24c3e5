import { expect, test } from 'vitest';
import { browserPath, openInChromium } from '../../../scripts/browser-harness.mjs';
import { predictBytes, write } from './in-browser.ts';

test.skipIf(!browserPath('chromium'))(
  'Chromium writes the same file as Node, reads it from bytes and address, and trains masks',
  async () => {
    const bytes = await write('edge-popup');
    const expected = await predictBytes(bytes);
    const { call, close } = await openInChromium(new URL('./in-browser.ts', import.meta.url), {
      files: { '/model.pleat': Uint8Array.from(bytes) },
    });
    try {
      expect(await call('write', 'edge-popup')).toEqual(bytes);
      expect(await call('predictBytes', bytes)).toEqual(expected);
      expect(await call('predictUrl', '/model.pleat')).toEqual(expected);
      expect(await call('train')).toBe(true);
      await expect(call('predictUrl', '/none.pleat')).rejects.toThrow(/status 404/);
    } finally {
      await close();
    }
  },
);

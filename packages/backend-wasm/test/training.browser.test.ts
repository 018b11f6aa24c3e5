import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, openInChromium } from '../../../scripts/browser-harness.mjs';
import { useWasm } from './setup.ts';
import { train } from './steps.ts';

const folder = new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url);
const binaries = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
const files = Object.fromEntries(binaries.map((name) => [`/${name}`, new URL(name, folder)]));

// Isolated pages get the threaded build and its shared memory, others the plain one.
describe.skipIf(!browserPath('chromium')).each([[false], [true]])(
  'in chromium, isolated: %s',
  (isolated) => {
    let page: Awaited<ReturnType<typeof openInChromium>>;
    beforeAll(async () => {
      page = await openInChromium(new URL('./in-browser.ts', import.meta.url), { files, isolated });
    });
    afterAll(() => page?.close());

    it('trains the stock wasm backend like Node does', async () => {
      const losses = (await page.call('losses', 4)) as number[];
      await useWasm({ threads: 2 });
      const here = train(4).losses;
      losses.forEach((loss, step) => {
        expect(Math.abs(loss - here[step]!)).toBeLessThan(1e-4);
      });
      expect(losses[3]).toBeLessThan(losses[0]!);
      tf.disposeVariables();
    });

    it('registers on one thread and says why', async () => {
      const info = (await page.call('info')) as { threads: number; reason: string };
      expect(info.threads).toBe(1);
      expect(info.reason).toMatch(/browser/);
    });
  },
);

import { existsSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '@pleat/mask';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { built, type Running, start } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const out = 'other.pleat';
const partial = `${out}.partial`;

/** A small model with a batch norm, as an integral one, in a folder of its own. */
async function integral(): Promise<string> {
  const cwd = temporaryFolder();
  const input = tf.input({ shape: [28, 28, 1] });
  const conv = { kernelSize: 5, strides: 4, useBias: false };
  let x = tf.layers.conv2d({ ...conv, name: 'a', filters: 6 }).apply(input);
  x = tf.layers.reLU().apply(tf.layers.batchNormalization().apply(x));
  x = tf.layers.dense({ name: 'b', units: 10 }).apply(tf.layers.flatten().apply(x));
  const model = tf.model({ inputs: input, outputs: x as tf.SymbolicTensor });
  const metadata = { dataset: 'fashion-mnist-subset' };
  writeFileSync(join(cwd, 'plain.pleat'), await encodeModel(model, { metadata }));
  const { code, stderr } = await start(['convert', 'plain.pleat', 'integral.pleat'], cwd).done;
  expect(code, stderr).toBe(0);
  return cwd;
}

/** Waits until the file that is resumed from was written anew, then up to a step or two longer. */
async function afterASave({ done }: Running, cwd: string): Promise<void> {
  const file = join(cwd, partial);
  const stamp = () => (existsSync(file) ? statSync(file).mtimeMs : 0);
  const before = stamp();
  let over = false;
  void done.then(() => {
    over = true;
  });
  while (!over && stamp() === before) await sleep(2);
  await sleep(Math.random() * 100);
}

/** Waits until a save is being written, beside the file that it is to replace. */
async function inAWrite({ done }: Running, cwd: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher = watch(cwd, (_, name) => {
      if (!name?.endsWith('.tmp')) return;
      watcher.close();
      resolve();
    });
    void done.then(() => {
      watcher.close();
      resolve();
    });
  });
}

const torn = (cwd: string) => readdirSync(cwd).filter((name) => name.endsWith('.tmp')).length;

describe.skipIf(!built)('SIGKILL of pleat tune, then --resume', () => {
  test.each([
    ['positions of a width, biases and norms', ['--biases', '--norms']],
    ['one set of positions for all widths', ['--kind', 'shared', '--knots', '4']],
  ])(
    '%s: the same bytes as without a kill',
    async (_, options) => {
      const cwd = await integral();
      const tune = (to: string, every: number, ...more: string[]) =>
        start(
          [
            ...['tune', 'integral.pleat', to, '--compression', '0.4', '--engine', 'wasm'],
            ...['--images', '200', '--batch', '20', '--epochs', '4', ...options],
            ...['--checkpoint-every', `${every}`, ...more],
          ],
          cwd,
        );
      const whole = await tune('whole.pleat', 1000).done;
      expect(whole.code, whole.stderr).toBe(0);

      let [between, within] = [0, 0];
      for (let attempt = 0; attempt < 12 && (between < 2 || within < 1); attempt++) {
        const running = tune(out, 2, '--resume');
        await (attempt % 2 === 0 ? afterASave : inAWrite)(running, cwd);
        running.child.kill('SIGKILL');
        const end = await running.done;
        expect(end.signal, `not killed in time: ${end.stderr}`).toBe('SIGKILL');
        if (torn(cwd) > 0) within++;
        else if (existsSync(join(cwd, partial))) between++;
      }
      expect(between, 'kills between saves').toBeGreaterThanOrEqual(2);
      expect(within, 'kills during a save').toBeGreaterThanOrEqual(1);

      const last = await tune(out, 3, '--resume').done;
      expect(last.code, last.stderr).toBe(0);
      expect(last.stderr).toMatch(/Resuming at step \d+ of 40/);
      const bytes = (file: string) => readFileSync(join(cwd, file));
      expect(bytes(out).equals(bytes('whole.pleat'))).toBe(true);
      const left = ['integral.pleat', out, 'plain.pleat', 'whole.pleat'];
      expect(readdirSync(cwd).sort()).toEqual(left);
    },
    300_000,
  );
});

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chooseTorch } from '@pleat/backend-torch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyTrain, torchFound } from './cli-fixture.ts';

const script = fileURLToPath(new URL('../../../scripts/bundle.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pleat-alone-'));
const node = join(folder, 'node');
const run = promisify(execFile);

/** Runs the bundle where nothing is but itself and a Node binary. */
async function alone(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(node, ['pleat.mjs', ...args], {
    cwd: folder,
    env: {
      HOME: join(folder, 'home'),
      PATH: '/usr/bin:/bin',
      PLEAT_PYTHON: '/nonexistent',
      ...env,
    },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

describe.skipIf(process.platform === 'win32')('the bundle, in an empty folder', () => {
  beforeAll(async () => {
    mkdirSync(join(folder, 'home'));
    copyFileSync(process.execPath, node);
    await run(process.execPath, [script, join(folder, 'pleat.mjs')]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('trains on the images it carries with wasm, on one thread and two, to the same bytes', async () => {
    for (const threads of ['1', '2']) {
      const args = tinyTrain(`wasm${threads}`, '--engine', 'wasm', '--epochs', '1');
      const summary = JSON.parse(await alone([...args, '--threads', threads, '--json']));
      expect(summary).toMatchObject({ engine: { name: 'wasm' }, test: { images: 2000 } });
    }
    const [one, two] = ['wasm1', 'wasm2'].map((name) =>
      readFileSync(join(folder, name, 'model.pleat')),
    );
    expect(one!.equals(two!)).toBe(true);
  });

  test('says what there is', async () => {
    const report = JSON.parse(await alone(['doctor', '--json']));
    expect(report.auto).toMatchObject({ name: 'wasm' });
  });

  test('runs specs of tfjs-core', async () => {
    const printed = await alone(['conformance', 'wasm', '--filter', '^matmul']);
    expect(printed).toMatch(/\n[1-9]\d+ passed, 0 failed, 0 skipped\n$/);
  });

  test.skipIf(!torchFound)('trains with libtorch, and measures it', async () => {
    const PLEAT_TORCH = (await chooseTorch()).folder;
    const args = tinyTrain('torch', '--engine', 'torch', '--epochs', '1', '--json');
    const summary = JSON.parse(await alone(args, { PLEAT_TORCH }));
    expect(summary).toMatchObject({ engine: { name: 'torch', threads: 2 } });
    const small = ['--dim', '8', '--depth', '1', '--batch', '8', '--steps', '2', '--turns', '1'];
    const bench = JSON.parse(await alone(['bench', 'engine', ...small, '--json'], { PLEAT_TORCH }));
    const names = bench.engines.map(({ engine }: { engine: string }) => engine).sort();
    expect(names).toEqual(['torch', 'wasm']);
    const [first, second] = bench.engines;
    expect(first.loss).toBeCloseTo(second.loss, 3);
  });
});

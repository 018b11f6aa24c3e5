import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installTensorflow, TensorflowInstallError } from '../src/index.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pleat-install-tensorflow-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A program that stands in for npm, Python or a compiler: runs `body` with `args` and `after(option)`. */
function program(name: string, body: string): string {
  const file = join(root, name);
  writeFileSync(
    file,
    `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path');
const args = process.argv.slice(2);
const after = (option) => args[args.indexOf(option) + 1];
const write = (file, text = '') => { fs.mkdirSync(path.dirname(file), { recursive: true }); fs.writeFileSync(file, text); };
${body}`,
  );
  chmodSync(file, 0o755);
  return file;
}

const npm = () =>
  program(
    'npm',
    `const folder = path.join(after('--prefix'), 'node_modules/@tensorflow/tfjs-node');
if (args.at(-1).startsWith('@tensorflow')) write(path.join(folder, 'package.json'), '{"name":"@tensorflow/tfjs-node","version":"4.22.0"}');`,
  );

const python = (failure = '') =>
  program(
    'python',
    `if (${JSON.stringify(failure)}) { console.error(${JSON.stringify(failure)}); process.exit(1); }
if (args.includes('download')) write(path.join(after('--dest'), 'tensorflow_cpu.whl'));
else {
  const [folder] = args.slice(-1);
  for (const name of ['cc', 'framework']) write(path.join(folder, 'tensorflow', 'libtensorflow_' + name + '.so.2'));
  write(path.join(folder, 'tensorflow_cpu.dist-info', 'METADATA'));
}`,
  );

const compiler = (failure = '') =>
  program(
    'compiler',
    failure
      ? `console.error('a.cc: error: ${failure}'); console.error('1 warning'); process.exit(1);`
      : `write(after('-o'));`,
  );

const cache = () => join(root, 'cache');

describe.skipIf(process.platform !== 'linux')('installTensorflow', () => {
  test('fetches, unpacks, compiles in this order, and returns what locateTensorflow lists', async () => {
    const phases: string[] = [];
    const options = { cache: cache(), npm: npm(), python: python(), compiler: compiler() };
    const made = await installTensorflow({
      ...options,
      onProgress: ({ phase, line }) => line === null && phases.push(phase),
    });
    expect(phases).toEqual(['binding', 'binding', 'library', 'unpack', 'compile']);
    expect(made).toMatchObject({
      package: '@tensorflow/tfjs-node',
      version: '4.22.0',
      problem: null,
    });
    const library = join(made.folder, 'deps', 'lib');
    expect(readdirSync(library).sort()).toEqual([
      'libtensorflow.so',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so',
      'libtensorflow_framework.so.2',
    ]);
    expect(existsSync(join(library, 'libtensorflow.so'))).toBe(true);
    expect(readdirSync(cache())).toHaveLength(1);

    // A second call finds it and runs nothing.
    const again = await installTensorflow({ ...options, npm: '/nonexistent/npm' });
    expect(again).toEqual(made);
  });

  test.each([
    ['binding', { npm: '/nonexistent/npm' }, 'there is no program /nonexistent/npm'],
    [
      'library',
      { python: () => python('ERROR: No matching distribution found') },
      'No matching distribution found',
    ],
    ['compile', { compiler: () => compiler('no c_api.h') }, 'a.cc: error: no c_api.h'],
  ])(
    'a failed step %s says what it needs and leaves nothing behind',
    async (phase, changes, text) => {
      const works = { cache: cache(), npm: npm(), python: python(), compiler: compiler() };
      const given = Object.entries(changes).map(([key, value]) => [
        key,
        typeof value === 'function' ? value() : value,
      ]);
      const options = { ...works, ...Object.fromEntries(given) };
      const error = await installTensorflow(options).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(TensorflowInstallError);
      expect(error.phase).toBe(phase);
      expect(error.message).toContain(`the step "${phase}" failed (`);
      expect(error.message).toContain(text);
      expect(error.message).toMatch(/; it needs .*\.$/);
      expect(readdirSync(cache())).toEqual([]);
    },
  );

  test('stops when asked, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const stuck = program('stuck', 'setTimeout(() => {}, 60_000);');
    const promise = installTensorflow({
      cache: cache(),
      npm: stuck,
      signal: controller.signal,
      onProgress: () => setTimeout(() => controller.abort(), 200),
    });
    await expect(promise).rejects.toThrow('aborted');
    expect(readdirSync(cache())).toEqual([]);
  });
});

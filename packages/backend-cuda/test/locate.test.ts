import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyName } from '@pleat/backend-torch';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { locateTensorflow } from '../src/tensorflow/locate.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pleat-tfjs-node-'));
  vi.stubEnv('PLEAT_TENSORFLOW', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text = ''): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A folder that looks like an installed package. */
function makePackage(
  folder: string,
  { name = '@tensorflow/tfjs-node', version = '4.22.0', addon = true, library = true } = {},
): string {
  write(join(folder, 'package.json'), JSON.stringify({ name, version }));
  if (addon) write(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'));
  if (library) write(join(folder, 'deps', 'lib', 'libtensorflow.so.2'));
  return folder;
}

const look = () => locateTensorflow({ cache: join(root, 'cache'), roots: [join(root, 'app')] });
const inApp = (name: string) => join(root, 'app', 'node_modules', name);

describe('locateTensorflow', () => {
  test('finds nothing where there is nothing', () => {
    expect(look()).toEqual([]);
  });

  test('lists the named folder, the installed packages with the one for a GPU first, then private builds', () => {
    vi.stubEnv('PLEAT_TENSORFLOW', makePackage(join(root, 'named')));
    makePackage(inApp('@tensorflow/tfjs-node'));
    const name = '@tensorflow/tfjs-node-gpu';
    makePackage(inApp(name), { name });
    const build = join(root, 'cache', copyName('4.22.0-on-2.21.0'));
    makePackage(join(build, 'node_modules', '@tensorflow', 'tfjs-node'));
    makePackage(
      join(
        root,
        'cache',
        '4.22.0-on-2.21.0-plan9-mips',
        'node_modules',
        '@tensorflow',
        'tfjs-node',
      ),
    );
    expect(look().map(({ package: found, origin, problem }) => [found, origin, problem])).toEqual([
      ['@tensorflow/tfjs-node', 'PLEAT_TENSORFLOW', null],
      ['@tensorflow/tfjs-node-gpu', join(root, 'app'), null],
      ['@tensorflow/tfjs-node', join(root, 'app'), null],
      ['@tensorflow/tfjs-node', 'private build', null],
    ]);
  });

  test.each([
    [{ addon: false }, 'has no compiled part'],
    [{ library: false }, 'has no TensorFlow library'],
    [{ version: '3.9.0' }, 'version 4 of @tensorflow/tfjs-node is needed and 3.9.0 is there'],
  ])('says what is wrong with a package made with %j', (options, text) => {
    makePackage(inApp('@tensorflow/tfjs-node'), options);
    expect(look()[0]!.problem).toContain(text);
  });

  test('passes over a folder that holds another package', () => {
    vi.stubEnv('PLEAT_TENSORFLOW', makePackage(join(root, 'named'), { name: 'left-pad' }));
    expect(look()).toEqual([]);
  });
});

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { libraryArchitectures } from '../src/locate/architecture.ts';
import { describeTorch } from '../src/locate/describe.ts';
import { TorchNotFoundError } from '../src/locate/errors.ts';
import { libraryName } from '../src/locate/examine.ts';
import { chooseTorch, locateTorch } from '../src/locate/locate.ts';
import { compareVersions } from '../src/locate/version.ts';
import { libraryHeader, write } from './fixtures/fake-torch.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pleat-locate-'));
  for (const name of ['PLEAT_TORCH', 'TORCH_LIB', 'PLEAT_PYTHON']) vi.stubEnv(name, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** A torch package as pip lays it out; returns the folder above it. */
function fakeTorch(
  name: string,
  {
    version = '2.13.0+cpu',
    cuda = 'None',
    libraries = ['torch_cpu', 'c10'],
    arch = process.arch as string,
  } = {},
): string {
  const site = join(root, name);
  write(
    join(site, 'torch', 'version.py'),
    `from typing import Optional\n\n__version__ = '${version}'\ndebug = False\ncuda: Optional[str] = ${cuda}\n`,
  );
  for (const library of libraries) {
    write(join(site, 'torch', 'lib', libraryName(library)), libraryHeader(arch));
  }
  return site;
}

/** A program that answers as a Python with that torch package, or with none. */
function fakePython(name: string, site: string | null): string {
  const file = join(root, name);
  const answer = JSON.stringify(site === null ? null : join(site, 'torch'));
  write(file, `#!${process.execPath}\nconsole.log(${JSON.stringify(answer)});\n`);
  chmodSync(file, 0o755);
  return file;
}

const nowhere = (): { cache: string; pythons: string[] } => ({
  cache: join(root, 'cache'),
  pythons: [],
});
const here = (): string => `${process.platform}-${process.arch}`;

describe('what is told of a place', () => {
  test('version, CUDA and devices are read without loading anything', async () => {
    const libraries = ['torch_cpu', 'c10', 'torch_cuda', 'c10_cuda'];
    const site = fakeTorch('gpu', { version: '2.11.0+cu130', cuda: "'13.0'", libraries });
    vi.stubEnv('PLEAT_TORCH', site);
    const [location] = await locateTorch(nowhere());
    expect(location).toEqual({
      source: 'environment',
      origin: 'PLEAT_TORCH',
      folder: join(site, 'torch', 'lib'),
      version: '2.11.0+cu130',
      devices: ['cpu', 'cuda'],
      cuda: '13.0',
      problem: null,
    });
    expect(describeTorch(location!)).toBe(
      `PLEAT_TORCH: torch 2.11.0+cu130 (cpu, cuda 13.0) in ${join(site, 'torch', 'lib')}`,
    );
  });

  test('an unpacked libtorch archive tells its version in a file of its own', async () => {
    const folder = join(root, 'libtorch');
    for (const name of ['torch_cpu', 'c10']) {
      write(join(folder, 'lib', libraryName(name)), libraryHeader(process.arch));
    }
    write(join(folder, 'build-version'), '2.12.1+cu126\n');
    vi.stubEnv('TORCH_LIB', join(folder, 'lib'));
    const [location] = await locateTorch(nowhere());
    expect(location).toMatchObject({ origin: 'TORCH_LIB', version: '2.12.1+cu126', cuda: '12.6' });
    expect(location).toMatchObject({ devices: ['cpu'], problem: null });
  });

  test.each([
    ['too old', { version: '2.9.1' }, /2\.10 or later/],
    ['incomplete', { libraries: ['torch_cpu'] }, /c10\S* is missing/],
    [
      'for another processor',
      { arch: process.arch === 'x64' ? 'arm64' : 'x64' },
      /is for (arm64|x64) and/,
    ],
    ['no library at all', { arch: 'text' }, /not a shared library/],
  ])('one that is %s says so', async (_, flaw, sentence) => {
    vi.stubEnv('PLEAT_TORCH', fakeTorch('flawed', flaw));
    const [location] = await locateTorch(nowhere());
    expect(location!.problem).toMatch(sentence);
  });

  test('a folder that is not there, or holds something else, says so', async () => {
    vi.stubEnv('PLEAT_TORCH', join(root, 'absent'));
    mkdirSync(join(root, 'empty'));
    vi.stubEnv('TORCH_LIB', join(root, 'empty'));
    const [absent, empty] = await locateTorch(nowhere());
    expect(absent).toMatchObject({ folder: null, problem: expect.stringContaining('no folder') });
    expect(empty).toMatchObject({ folder: null, problem: expect.stringContaining('holds no') });
  });
});

describe('the order', () => {
  test('environment, then Python, then private copies, newest first', async () => {
    const [named, lib] = [fakeTorch('named'), fakeTorch('lib')];
    vi.stubEnv('PLEAT_TORCH', named);
    vi.stubEnv('TORCH_LIB', join(lib, 'torch', 'lib'));
    const installed = fakeTorch('installed');
    for (const version of ['2.9.0', '2.13.0', '2.10.0']) {
      fakeTorch(join('cache', `${version}-${here()}`), { version });
    }
    fakeTorch(join('cache', '2.14.0-plan9-mips'));
    fakeTorch(join('cache', `.part-1-${here()}`));
    const pythons = [fakePython('python3', installed)];
    const found = await locateTorch({ cache: join(root, 'cache'), pythons });
    const copy = (version: string) => join(root, 'cache', `${version}-${here()}`);
    expect(found.map(({ folder }) => dirname(dirname(folder!)))).toEqual([
      ...[named, lib, installed],
      ...[copy('2.13.0'), copy('2.10.0'), copy('2.9.0')],
    ]);
    expect(found.map(({ problem }) => problem === null)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  test('the first without a problem is chosen', async () => {
    vi.stubEnv('PLEAT_TORCH', fakeTorch('old', { version: '2.6.0' }));
    const good = fakeTorch('good');
    const chosen = await chooseTorch({ ...nowhere(), pythons: [fakePython('python3', good)] });
    expect(chosen.folder).toBe(join(good, 'torch', 'lib'));
  });

  test('Pythons that do not start are passed over, and one torch behind two names is told once', async () => {
    const site = fakeTorch('shared');
    const pythons = [
      join(root, 'no-such'),
      fakePython('python3', site),
      fakePython('python', site),
    ];
    const found = await locateTorch({ ...nowhere(), pythons });
    expect(found).toHaveLength(1);
    const bare = await locateTorch({ ...nowhere(), pythons: [fakePython('bare', null)] });
    expect(bare).toMatchObject([{ folder: null, problem: 'this Python has no torch package' }]);
  });

  test('a working folder that holds something called torch is not taken for the package', async () => {
    fakeTorch('.');
    write(join(root, 'torch', '__init__.py'), '');
    const before = process.cwd();
    process.chdir(root);
    try {
      const found = await locateTorch({ cache: join(root, 'cache') });
      for (const { folder } of found) expect(folder ?? '').not.toContain(root);
    } finally {
      process.chdir(before);
    }
  });
});

test('with nothing to use, the error lists each place and what it lacks', async () => {
  vi.stubEnv('PLEAT_TORCH', fakeTorch('old', { version: '2.6.0' }));
  const error = await chooseTorch(nowhere()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TorchNotFoundError);
  const { message, locations } = error as TorchNotFoundError;
  expect(message).toMatch(/pip install torch.*\n {2}PLEAT_TORCH: torch 2\.6\.0 .*2\.10 or later/);
  expect(locations).toHaveLength(1);
});

test.each([
  ['linux', 'x64'],
  ['linux', 'arm64'],
  ['darwin', 'x64'],
  ['darwin', 'arm64'],
  ['win32', 'x64'],
  ['win32', 'arm64'],
] as const)(
  'the processor of a %s library for %s is read from its header',
  async (platform, arch) => {
    const file = join(root, 'library');
    write(file, libraryHeader(arch, platform));
    expect(await libraryArchitectures(file)).toEqual([arch]);
  },
);

test('versions are ordered by number, not by letter', () => {
  expect(compareVersions('2.9.1', '2.10.0')).toBeLessThan(0);
  expect(compareVersions('2.13.0+cpu', '2.13')).toBe(0);
  expect(compareVersions('2.10.0rc1', '2.9')).toBeGreaterThan(0);
});

const real = (await locateTorch()).find(({ problem }) => problem === null);
test.skipIf(real === undefined)('the libtorch of this machine is found whole', () => {
  expect(compareVersions(real!.version ?? '2.10', '2.10')).toBeGreaterThanOrEqual(0);
  expect(real!.devices).toContain('cpu');
});

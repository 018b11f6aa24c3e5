import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { libraryName } from '../src/locate/examine.ts';
import { installTorch } from '../src/locate/install/install.ts';
import { isNeeded } from '../src/locate/install/unpack.ts';
import { locateTorch } from '../src/locate/locate.ts';
import { type FakePip, libraryHeader, write, writeFakePip } from './fixtures/fake-torch.ts';

const version = '2.13.0';
let root: string;
let cache: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pleat-install-'));
  cache = join(root, 'cache');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const contents = (arch: string = process.arch): Zippable => ({
  [`torch/lib/${libraryName('torch_cpu')}`]: libraryHeader(arch),
  [`torch/lib/${libraryName('c10')}`]: libraryHeader(arch),
  [`torch/lib/${libraryName('torch_python')}`]: libraryHeader(arch),
  'torch/lib/libgomp.so.1': new Uint8Array(300_000),
  'torch/version.py': Buffer.from(`__version__ = '${version}+cpu'\ncuda = None\n`),
  'torch/nn/functional.py': Buffer.from('pass'),
  [`torch-${version}.dist-info/licenses/LICENSE`]: Buffer.from('the licence'),
  [`torch-${version}.dist-info/METADATA`]: Buffer.from('Name: torch'),
});

/** A Python whose pip offers a wheel; `changes` say what is wrong with it. */
function python({ files = contents(), ...changes }: Partial<FakePip> & { files?: Zippable } = {}): {
  python: string;
  calls: () => string[];
} {
  const file = join(root, `torch-${version}-py3-none-any.whl`);
  const bytes = zipSync(files);
  write(file, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const log = join(root, 'calls');
  const wheel = { file, sha256, version: `${version}+cpu` };
  return {
    python: writeFakePip(join(root, 'python'), { wheel, log, ...changes }),
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

const left = (): string[] => (existsSync(cache) ? readdirSync(cache) : []);

describe.skipIf(process.platform === 'win32')('a private copy', () => {
  test('holds the libraries, the version and the licences, and is found', async () => {
    const { python: command, calls } = python();
    const phases = new Set<string>();
    const copy = await installTorch({
      ...{ cache, python: command },
      onProgress: ({ phase, loaded, total }) => {
        phases.add(phase);
        if (total !== null) expect(loaded).toBeLessThanOrEqual(total);
      },
    });
    const below = readdirSync(join(copy.folder!, '..', '..'), { recursive: true }).map(String);
    expect(
      below
        .filter((name) => /\.\w+$|LICENSE$|METADATA$/.test(name) && !/info$|lib$/.test(name))
        .sort(),
    ).toEqual(
      [
        `torch-${version}.dist-info/METADATA`,
        `torch-${version}.dist-info/licenses/LICENSE`,
        `torch/lib/${libraryName('c10')}`,
        `torch/lib/${libraryName('torch_cpu')}`,
        'torch/lib/libgomp.so.1',
        'torch/version.py',
      ].sort(),
    );
    expect(copy).toMatchObject({ source: 'private', version: `${version}+cpu`, problem: null });
    expect(await locateTorch({ cache, pythons: [] })).toContainEqual(copy);
    expect(left()).toHaveLength(1);
    expect([...phases]).toEqual(expect.arrayContaining(['resolve', 'verify', 'unpack']));
    const [resolved, downloaded] = calls();
    expect(resolved).toContain('--index-url https://download.pytorch.org/whl/cpu torch==2.13.0');
    expect(downloaded).toContain('torch==2.13.0+cpu');

    expect(await installTorch({ cache, python: command })).toEqual(copy);
    expect(calls()).toHaveLength(2);
  });

  test("is taken from pip's own index when torch's is out of reach", async () => {
    const failure = 'WARNING: NewConnectionError\nERROR: No matching distribution found for torch';
    const { python: command, calls } = python({ failure, onlyIndex: true });
    await installTorch({ cache, python: command });
    expect(calls().map((call) => call.includes('--index-url'))).toEqual([true, false, false]);
  });

  test('is of a later version where no index has the tested one, unless that was asked for', async () => {
    const failure = 'ERROR: No matching distribution found for torch==2.13.0';
    const changes = { failure, only: 'torch==2.13.0' };
    const file = join(root, 'torch-2.14.1-py3-none-any.whl');
    const bytes = zipSync({
      ...contents(),
      'torch/version.py': Buffer.from("__version__ = '2.14.1+cpu'\ncuda = None\n"),
    });
    write(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { python: command, calls } = python({
      ...changes,
      wheel: { file, sha256, version: '2.14.1+cpu' },
    });
    await expect(installTorch({ cache, python: command, version: '2.13.0' })).rejects.toMatchObject(
      { code: 'no-wheel' },
    );
    const copy = await installTorch({ cache, python: command });
    expect(copy).toMatchObject({ version: '2.14.1+cpu', problem: null });
    expect(copy.folder).toContain(join(cache, '2.14.1-'));
    expect(calls().some((call) => call.includes('torch>=2.10'))).toBe(true);
  });

  test('replaces a broken one', async () => {
    const target = join(cache, `${version}-${process.platform}-${process.arch}`);
    write(join(target, 'torch', 'lib', libraryName('torch_cpu')), 'cut short');
    const copy = await installTorch({ cache, python: python().python });
    expect(copy.problem).toBeNull();
  });

  test('download progress follows the file pip writes', async () => {
    const seen: (number | null)[][] = [];
    await installTorch({
      ...{ cache, python: python({ delay: 900 }).python },
      onProgress: ({ phase, loaded, total }) => {
        if (phase === 'download') seen.push([loaded, total]);
      },
    });
    expect(seen).toContainEqual([1000, 2500]);
  });
});

describe.skipIf(process.platform === 'win32')(
  'what goes wrong is told apart, and leaves nothing behind',
  () => {
    const failures: [code: string, what: string, changes: Partial<FakePip>, sentence: RegExp][] = [
      ['no-pip', 'no pip', { failure: '/usr/bin/python3: No module named pip' }, /ensurepip/],
      ['no-pip', 'an old pip', { failure: 'no such option: --report' }, /22\.2 or later/],
      [
        'network',
        'no network',
        { failure: 'WARNING: Retrying after NewConnectionError\nERROR: No matching distribution' },
        /network and proxy/,
      ],
      [
        'no-wheel',
        'no wheel',
        { failure: 'ERROR: No matching distribution found for torch' },
        /PLEAT_PYTHON/,
      ],
      [
        'disk',
        'a full disk',
        { failure: 'ERROR: [Errno 28] No space left on device' },
        /PLEAT_CACHE/,
      ],
    ];
    test.each(failures)('%s: %s', async (code, _, changes, sentence) => {
      const options = { cache, python: python(changes).python };
      await expect(installTorch(options)).rejects.toMatchObject({
        name: 'TorchInstallError',
        code,
        message: expect.stringMatching(sentence),
      });
      expect(left()).toEqual([]);
    });

    test('no-python', async () => {
      const options = { cache, python: join(root, 'no-python') };
      await expect(installTorch(options)).rejects.toMatchObject({ code: 'no-python' });
      expect(left()).toEqual([]);
    });

    test('checksum: another file than the index has', async () => {
      const offered = python();
      write(join(root, `torch-${version}-py3-none-any.whl`), zipSync({ a: new Uint8Array(9) }));
      const options = { cache, python: offered.python };
      await expect(installTorch(options)).rejects.toMatchObject({ code: 'checksum' });
      expect(left()).toEqual([]);
    });

    test('no-wheel: a wheel that needs those of CUDA', async () => {
      const file = join(root, `torch-${version}-py3-none-any.whl`);
      const wheel = { file, sha256: '0'.repeat(64), version, requires: ['nvidia-cudnn-cu13==9.1'] };
      const { python: command, calls } = python({ wheel });
      await expect(installTorch({ cache, python: command })).rejects.toMatchObject({
        code: 'no-wheel',
        message: expect.stringContaining('pip install torch'),
      });
      expect(calls().some((call) => call.startsWith('-m pip download'))).toBe(false);
    });

    test('unusable: a wheel for another processor', async () => {
      const files = contents(process.arch === 'x64' ? 'arm64' : 'x64');
      const options = { cache, python: python({ files }).python };
      await expect(installTorch(options)).rejects.toMatchObject({ code: 'unusable' });
      expect(left()).toEqual([]);
    });

    test.each(['resolve', 'download', 'unpack'])('stopped while it is at %s', async (stop) => {
      const controller = new AbortController();
      const options = {
        cache,
        python: python({ delay: 5000 * Number(stop === 'download') }).python,
      };
      const reason = new Error('stopped by the test');
      const running = installTorch({
        ...options,
        signal: controller.signal,
        onProgress: ({ phase }) => phase === stop && controller.abort(reason),
      });
      await expect(running).rejects.toBe(reason);
      expect(left()).toEqual([]);
    });

    test('scratch folders of processes that are gone are removed, those of others kept', async () => {
      const dead = join(cache, '.part-999999999-x');
      const recent = join(cache, '.part-999999998-x');
      const alive = join(cache, `.part-${process.pid}-x`);
      for (const folder of [dead, recent, alive]) mkdirSync(folder, { recursive: true });
      for (const folder of [dead, alive]) utimesSync(folder, 1e9, 1e9);
      await installTorch({ cache, python: python().python });
      expect([dead, recent, alive].map((folder) => existsSync(folder))).toEqual([
        false,
        true,
        true,
      ]);
    });
  },
);

test.each([
  ['torch/lib/libtorch_cpu.so', true],
  ['torch/lib/libc10.so', true],
  ['torch/lib/libgomp.so.1', true],
  ['torch/lib/libomp.dylib', true],
  ['torch/lib/uv.dll', true],
  ['torch.libs/libgfortran-1b.so.5', true],
  ['torch-2.13.0+cpu.dist-info/licenses/third_party/fmt/LICENSE', true],
  ['torch/lib/libtorch_python.so', false],
  ['torch/lib/libtorch.so', false],
  ['torch/lib/libtorch_cuda.so', false],
  ['torch/lib/libjitbackend_test.so', false],
  ['torch/lib/libshm/libshm.h', false],
  ['torch/include/ATen/version.h', false],
  ['torch/lib/../../escape.so', false],
])('of a wheel, %s is needed: %s', (name, needed) => {
  expect(isNeeded(name)).toBe(needed);
});

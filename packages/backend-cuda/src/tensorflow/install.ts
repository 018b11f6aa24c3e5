import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyName, engineCache } from '@pleat/backend-torch';
import { locateTensorflow, type TensorflowLocation } from './locate.ts';
import { runProgram } from './program.ts';

/** The binding and the TensorFlow that this build is tested with. */
const tested = { tfjsNode: '4.22.0', tensorflow: '2.21.0', nodeApiHeaders: '1.9.0' };

/** Steps of {@link installTensorflow}, in their order. */
export type TensorflowPhase = 'binding' | 'library' | 'unpack' | 'compile';

/** Options of {@link installTensorflow}. */
export interface TensorflowInstallOptions {
  /** Called as a step begins, and with each line its program prints. */
  onProgress?: (progress: { phase: TensorflowPhase; line: string | null }) => void;
  /** Stops what runs and removes what was written. */
  signal?: AbortSignal;
  /** Version of TensorFlow; default the tested one. */
  version?: string;
  /** Folder of private builds; default `PLEAT_CACHE`/tensorflow, else pleat/tensorflow in the user's cache folder. */
  cache?: string;
  /** Command that starts a Python with pip; default `PLEAT_PYTHON`, else python3. */
  python?: string;
  /** C++ compiler; default `CXX`, else c++. */
  compiler?: string;
  /** The npm to fetch the binding with; default npm. */
  npm?: string;
}

/** A build that did not come about; nothing half-made is left behind. */
export class TensorflowInstallError extends Error {
  override readonly name = 'TensorflowInstallError';
  readonly phase: TensorflowPhase | null;

  constructor(phase: TensorflowPhase | null, message: string, options?: ErrorOptions) {
    super(`installTensorflow: ${message}`, options);
    this.phase = phase;
  }
}

const needs: Record<TensorflowPhase, string> = {
  binding: 'npm and its registry',
  library: 'Python 3.10 to 3.13 with pip, and a package index that has TensorFlow',
  unpack: 'two gigabytes of disk',
  compile: 'a C++17 compiler such as g++',
};

// The libraries, the headers they are compiled against, and the texts of the licence.
const unpackScript = `
import re, sys, zipfile
wanted = re.compile(r'tensorflow/(include/.|libtensorflow_(cc|framework)\\.so\\.2$)|[^/]+\\.dist-info/(METADATA|.*LICENSE.*)$')
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if wanted.match(n) and not n.endswith('/')])
`;

/**
 * Builds the unmodified binding of `@tensorflow/tfjs-node` against the TensorFlow library of a Python wheel, in a folder of
 * the cache, where its own install script finds its hosts blocked: npm gives the binding, pip the library (both check
 * digests), a C++ compiler the 90 kB between them. Linux only. `locateTensorflow` then finds it.
 *
 * The build appears under its name only when it is whole; one that is there already is returned at once.
 *
 * @returns the build, as `locateTensorflow` lists it
 * @throws TensorflowInstallError that says which step failed and what it needs; the signal's reason when stopped
 * @example
 * const { folder } = await installTensorflow({ onProgress: ({ phase }) => console.log(phase) });
 */
export async function installTensorflow(
  options: TensorflowInstallOptions = {},
): Promise<TensorflowLocation> {
  const { cache = engineCache('tensorflow'), version = tested.tensorflow, signal } = options;
  if (process.platform !== 'linux') {
    throw new TensorflowInstallError(
      null,
      `expected Linux, found ${process.platform}; npm install @tensorflow/tfjs-node there.`,
    );
  }
  const target = join(cache, copyName(`${tested.tfjsNode}-on-${version}`));
  const present = find(target, cache);
  if (present) return present;
  signal?.throwIfAborted();
  await mkdir(cache, { recursive: true });
  const scratch = join(cache, `.part-${process.pid}-${randomUUID()}`);
  await mkdir(scratch);
  try {
    await build(scratch, version, options);
    // Whatever lies there was found wanting before, unless another process has just put its build there.
    if (!find(target, cache)) {
      await rm(target, { recursive: true, force: true });
      await rename(join(scratch, 'build'), target);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
  const made = find(target, cache);
  if (made) return made;
  throw new TensorflowInstallError(
    'compile',
    `expected a usable build in ${target}, found none; remove that folder and try again.`,
  );
}

function find(target: string, cache: string): TensorflowLocation | undefined {
  return locateTensorflow({ cache, roots: [] }).find(
    ({ folder, problem }) => problem === null && folder.startsWith(join(target, '/')),
  );
}

async function build(
  scratch: string,
  version: string,
  options: TensorflowInstallOptions,
): Promise<void> {
  const { signal, onProgress, npm = 'npm' } = options;
  const python = options.python ?? (process.env.PLEAT_PYTHON || 'python3');
  const compiler = options.compiler ?? (process.env.CXX || 'c++');
  const step = async (phase: TensorflowPhase, command: string, args: readonly string[]) => {
    onProgress?.({ phase, line: null });
    try {
      await runProgram(command, args, {
        cwd: scratch,
        signal,
        onLine: (line) => onProgress?.({ phase, line }),
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const reason = (error as Error).message.replace(/\.$/, '');
      throw new TensorflowInstallError(
        phase,
        `the step "${phase}" failed (${reason}); it needs ${needs[phase]}.`,
        { cause: error },
      );
    }
  };

  const root = join(scratch, 'build');
  const headers = join(scratch, 'headers');
  await mkdir(root);
  await mkdir(headers);
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefer-offline'];
  const binding = `@tensorflow/tfjs-node@${tested.tfjsNode}`;
  await step('binding', npm, ['install', ...quietly, '--prefix', root, binding]);
  const nodeApi = `node-api-headers@${tested.nodeApiHeaders}`;
  await step('binding', npm, ['install', ...quietly, '--prefix', headers, nodeApi]);

  const wheels = join(scratch, 'wheels');
  const name = process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--dest', wheels];
  const patience = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
  await step('library', python, [...pip, ...patience, `${name}==${version}`]);

  const [wheel = ''] = (await readdir(wheels)).filter((file) => file.endsWith('.whl'));
  const unpacked = join(scratch, 'unpacked');
  await step('unpack', python, ['-c', unpackScript, join(wheels, wheel), unpacked]);

  const folder = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const library = join(folder, 'deps', 'lib');
  await mkdir(library, { recursive: true });
  for (const [file, alias] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ] as const) {
    await rename(join(unpacked, 'tensorflow', file), join(library, file));
    // The names the linker looks for; the addon itself asks for those inside the libraries.
    await symlink(file, join(library, alias));
  }
  for (const file of await readdir(unpacked)) {
    if (file.endsWith('.dist-info')) await rename(join(unpacked, file), join(root, file));
  }
  const addon = join(folder, 'lib', 'napi-v8');
  await mkdir(addon, { recursive: true });
  await step('compile', compiler, [
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    `-I${join(headers, 'node_modules', 'node-api-headers', 'include')}`,
    `-I${join(unpacked, 'tensorflow', 'include')}`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(folder, 'binding', file)),
    ...[`-L${library}`, '-ltensorflow', '-ltensorflow_framework'],
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ...['-o', join(addon, 'tfjs_binding.node')],
  ]);
  if (!existsSync(join(addon, 'tfjs_binding.node'))) {
    throw new TensorflowInstallError(
      'compile',
      `expected ${compiler} to write an addon, found none.`,
    );
  }
}

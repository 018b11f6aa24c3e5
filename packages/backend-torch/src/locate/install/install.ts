import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { copyName, engineCache } from '../cache.ts';
import { TorchInstallError } from '../errors.ts';
import { examine } from '../examine.ts';
import { pythonCommands } from '../python.ts';
import type { TorchLocation } from '../types.ts';
import { oldestTorch } from '../version.ts';
import { diskError, downloadWheel, type Pip, resolveWheel, type Wheel } from './pip.ts';
import type { ProgressListener } from './progress.ts';
import { unpack, verify } from './unpack.ts';

/** Version a private copy has unless asked otherwise: the one this backend is tested with. */
const testedTorch = '2.13.0';

/** Index of the wheels without CUDA: a fifth of the size, and all a private copy can use. */
const cpuIndex = 'https://download.pytorch.org/whl/cpu';

/** Options of {@link installTorch}. */
export interface InstallOptions {
  /** Called several times a second. */
  onProgress?: ProgressListener;
  /** Stops pip and the unpacking, and removes what they wrote. */
  signal?: AbortSignal;
  /** Where wheels come from: 'cpu' is torch's own index without CUDA, 'pip' what pip is set to, or an address; default 'cpu', then 'pip'. */
  index?: 'cpu' | 'pip' | (string & {});
  /** Version of torch; default the tested one, or where no index has it, the newest from 2.10 on. */
  version?: string;
  /** Folder of private copies; default `PLEAT_CACHE`/torch, else pleat/torch in the user's cache folder. */
  cache?: string;
  /** Command that starts a Python with pip; default `PLEAT_PYTHON`, else python3 (python on Windows). */
  python?: string;
}

/**
 * Makes a private copy of libtorch for the CPU: downloads the wheel with pip, checks its sha256, unpacks the libraries and licences.
 *
 * The copy appears under its name only when it is whole; a run that fails or is stopped leaves nothing behind and the
 * next starts anew. A copy that is there already is returned at once. For CUDA run `pip install torch` instead:
 * it brings CUDA's libraries along, and `locateTorch` finds it.
 *
 * @returns the copy, as `locateTorch` lists it
 * @throws TorchInstallError with a `code` when there is no Python or pip, no network, no wheel, no room, or a wrong checksum
 * @throws the signal's reason when stopped
 * @example
 * const { folder } = await installTorch({ onProgress: ({ phase, loaded }) => console.log(phase, loaded) });
 */
export async function installTorch(options: InstallOptions = {}): Promise<TorchLocation> {
  const { signal, cache = engineCache('torch') } = options;
  const python = options.python ?? pythonCommands()[0]!;
  const target = join(cache, copyName(options.version ?? testedTorch));
  const present = await examine(target, 'private', 'private copy');
  if (present.problem === null) return present;
  signal?.throwIfAborted();
  try {
    await mkdir(cache, { recursive: true });
    await removeAbandoned(cache);
    const scratch = join(cache, `.part-${process.pid}-${randomUUID()}`);
    await mkdir(scratch);
    try {
      return await install({ python, scratch, signal }, cache, options);
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    }
  } catch (error) {
    // Streams and child processes wrap the reason in errors of their own.
    if (signal?.aborted) throw signal.reason;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskError(message, error);
    throw error;
  }
}

async function install(
  pip: Pip,
  cache: string,
  { onProgress, signal, version, index }: InstallOptions,
): Promise<TorchLocation> {
  onProgress?.({ phase: 'resolve', loaded: 0, total: null });
  const wanted =
    version === undefined ? [`==${testedTorch}`, `>=${oldestTorch}`] : [`==${version}`];
  const chosen = await chooseWheel(pip, wanted, index === undefined ? ['cpu', 'pip'] : [index]);
  // What follows a plus sign tells builds of one version apart.
  const target = join(cache, copyName(chosen.wheel.version.split('+')[0]!));
  const exact = `torch==${chosen.wheel.version}`;
  const wheel = await downloadWheel(pip, exact, indexArguments(chosen.index), onProgress);
  await verify(wheel, chosen.wheel.sha256, { onProgress, signal });
  const made = join(pip.scratch, 'copy');
  await unpack(wheel, made, { onProgress, signal });
  const { problem } = await examine(made, 'private', 'private copy');
  if (problem !== null) {
    throw new TorchInstallError(
      'unusable',
      `expected the torch wheel ${chosen.wheel.version} to hold a libtorch for this machine, found: ${problem}.`,
    );
  }
  // Whatever lies there was found wanting before, unless another process has just put its copy there.
  const other = await examine(target, 'private', 'private copy');
  if (other.problem === null) return other;
  await rm(target, { recursive: true, force: true });
  await rename(made, target);
  return examine(target, 'private', 'private copy');
}

/** Takes the first version that an index has a wheel of which works without CUDA's own. */
async function chooseWheel(
  pip: Pip,
  versions: readonly string[],
  indexes: readonly string[],
): Promise<{ wheel: Wheel; index: string }> {
  let failure: unknown;
  for (const [version, index] of versions.flatMap((v) => indexes.map((i) => [v, i] as const))) {
    try {
      const wheel = await resolveWheel(pip, `torch${version}`, indexArguments(index));
      if (!wheel.needsCuda) return { wheel, index };
      failure ??= new TorchInstallError(
        'no-wheel',
        `expected a torch${version} wheel without CUDA, found one that needs CUDA's own wheels; let pip reach ${cpuIndex}, or run \`pip install torch\`, which brings them along and is found without a private copy.`,
      );
    } catch (error) {
      // Only what another index may mend is worth asking another index.
      const code = error instanceof TorchInstallError ? error.code : undefined;
      if (code !== 'network' && code !== 'no-wheel' && code !== 'checksum') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function indexArguments(index: string): string[] {
  if (index === 'pip') return [];
  return ['--index-url', index === 'cpu' ? cpuIndex : index];
}

/** Removes scratch folders of processes that ended without doing so. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /^\.part-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(cache, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    // A cache shared by machines holds process numbers of others: those are given an hour.
    if (age > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

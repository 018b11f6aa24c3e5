import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { libraryArchitectures } from './architecture.ts';
import type { TorchLocation, TorchSource } from './types.ts';
import { compareVersions, oldestTorch, readBuild } from './version.ts';

/** File name of a shared library on this platform. */
export function libraryName(name: string): string {
  if (process.platform === 'win32') return `${name}.dll`;
  return `lib${name}${process.platform === 'darwin' ? '.dylib' : '.so'}`;
}

/**
 * Looks at one folder: which libtorch it holds and whether this process could load it.
 *
 * @param path folder of the libraries, or one above: a torch package, a site-packages folder, an unpacked archive
 * @returns the location; its `problem` says what is missing or wrong
 */
export async function examine(
  path: string,
  source: TorchSource,
  origin: string,
): Promise<TorchLocation> {
  const absent = { source, origin, folder: null, version: null, devices: [], cuda: null };
  if (!isFolder(path)) return { ...absent, problem: `there is no folder ${path}` };
  const main = libraryName('torch_cpu');
  const folder = ['', 'lib', join('torch', 'lib')]
    .map((below) => resolve(path, below))
    .find((candidate) => existsSync(join(candidate, main)));
  if (folder === undefined) {
    return { ...absent, problem: `${path} holds no ${main}, nor do lib and torch/lib in it` };
  }
  const { version, cuda } = await readBuild(folder);
  const has = (name: string): boolean => existsSync(join(folder, libraryName(name)));
  const devices =
    has('torch_cuda') && has('c10_cuda') ? (['cpu', 'cuda'] as const) : ['cpu' as const];
  const location = { source, origin, folder, version, devices, cuda };
  return { ...location, problem: await problemOf(folder, version) };
}

async function problemOf(folder: string, version: string | null): Promise<string | null> {
  if (version !== null && compareVersions(version, oldestTorch) < 0) {
    return `version ${oldestTorch} or later is needed, so upgrade it (pip install --upgrade torch)`;
  }
  for (const name of ['c10', 'torch_cpu'].map(libraryName)) {
    const file = join(folder, name);
    if (!existsSync(file)) return `${name} is missing beside it, so install torch again`;
    const built = await libraryArchitectures(file);
    if (built.length === 0) return `${name} is not a shared library, so install torch again`;
    if (!built.includes(process.arch)) {
      return `${name} is for ${built.join(', ')} and this Node.js for ${process.arch}, so install a torch or a Node.js for the same processor`;
    }
  }
  return null;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

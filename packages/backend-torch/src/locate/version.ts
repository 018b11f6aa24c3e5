import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Oldest libtorch whose stable interface has all that the backend calls. */
export const oldestTorch = '2.10';

/** What the files beside the libraries say of a build. */
interface TorchBuild {
  version: string | null;
  cuda: string | null;
}

/**
 * Reads version and CUDA version of the libtorch whose libraries lie in a folder, without loading it.
 *
 * A Python package has `version.py` one folder up, a libtorch archive `build-version`.
 */
export async function readBuild(folder: string): Promise<TorchBuild> {
  const python = await readText(join(folder, '..', 'version.py'));
  const quoted = (name: string): string | null =>
    new RegExp(`^${name}\\b[^=\\n]*= *'([^']+)'`, 'm').exec(python ?? '')?.[1] ?? null;
  const version = quoted('__version__');
  if (version !== null) return { version, cuda: quoted('cuda') };
  const archive = (await readText(join(folder, '..', 'build-version')))?.trim();
  const tag = archive === undefined ? null : /\+cu(\d+)(\d)$/.exec(archive);
  return { version: archive || null, cuda: tag ? `${tag[1]}.${tag[2]}` : null };
}

/** Orders torch versions by their numbers; what follows them (`+cpu`, `rc1`) does not count. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] =>
    (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

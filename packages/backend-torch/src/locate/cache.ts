import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { compareVersions } from './version.ts';

/**
 * The folder of an engine's private copies.
 *
 * @param engine - Its name, such as 'torch'.
 * @returns `engine` in `PLEAT_CACHE` where that is set, else in the folder `pleat` of the user's cache folder.
 */
export function engineCache(engine: string): string {
  const { PLEAT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (PLEAT_CACHE) return join(PLEAT_CACHE, engine);
  const base =
    process.platform === 'win32'
      ? (LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'pleat', engine);
}

/** Name of a copy: one cache folder may serve several platforms. */
export function copyName(version: string): string {
  return `${version}-${process.platform}-${process.arch}`;
}

/** Folders of the copies in a cache that are for this platform, newest version first. */
export function privateCopies(cache: string): string[] {
  if (!existsSync(cache)) return [];
  const suffix = copyName('');
  return readdirSync(cache)
    .filter((name) => name.endsWith(suffix) && !name.startsWith('.'))
    .sort((a, b) => compareVersions(b, a))
    .map((name) => join(cache, name));
}

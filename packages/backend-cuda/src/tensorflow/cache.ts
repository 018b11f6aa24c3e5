import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder of private builds: in `PLEAT_CACHE` if set, else in the user's cache folder. */
export function tensorflowCache(): string {
  const { PLEAT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (PLEAT_CACHE) return join(PLEAT_CACHE, 'tensorflow');
  const base =
    process.platform === 'win32'
      ? (LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'pleat', 'tensorflow');
}

/** Name of a build: one cache folder may serve several platforms. */
export function buildName(tfjsNode: string, tensorflow: string): string {
  return `${tfjsNode}-on-${tensorflow}-${process.platform}-${process.arch}`;
}

/** Folders of the private builds for this platform, last name first. */
export function privateBuilds(cache: string): string[] {
  if (!existsSync(cache)) return [];
  const suffix = `-${process.platform}-${process.arch}`;
  return readdirSync(cache)
    .filter((name) => name.endsWith(suffix) && !name.startsWith('.'))
    .sort()
    .reverse()
    .map((name) => join(cache, name));
}

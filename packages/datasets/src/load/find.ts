import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { bundledFolder } from '../locations.ts';
import type { Definition } from '../sets/definition.ts';
import { archiveSource } from '../sources/archive.ts';
import { folderSource } from '../sources/folder.ts';
import type { LoadOptions, RawDataset } from '../types.ts';
import { download } from './download.ts';

/**
 * Reads a data set from the first place that has it: this package, the folder given, `PLEAT_DATA`, the cache, the
 * network.
 *
 * @throws DatasetError `not-found` or `network` when no place has it, and whatever is wrong with a file that is there
 */
export async function findDataset(
  definition: Definition,
  options: LoadOptions,
): Promise<RawDataset> {
  const { folders, bundled, archive } = definition;
  const labels = options.labels ?? 'fine';
  const below = (root: string): string[] => folders.map((folder) => join(root, folder));

  if (options.data !== undefined) {
    const given = [...below(options.data), options.data];
    const raw = await readFirst(definition, given, labels);
    return raw ?? notFound(definition, given, 'give the folder that holds them as data');
  }
  if (bundled) {
    const raw = await readFirst(definition, [bundledFolder], labels);
    return raw ?? notFound(definition, [bundledFolder], 'install @pleat/datasets again');
  }
  const root = process.env.PLEAT_DATA;
  // MNIST and Fashion-MNIST have files of the same names: only a folder's name tells them apart.
  const local = root ? [...below(root), ...(archive === undefined ? [] : [root])] : [];
  const found = await readFirst(definition, local, labels);
  if (found !== null) return found;

  const cache = join(options.cache ?? cacheFolder(), definition.name);
  if (options.download !== false) {
    const { onProgress } = options;
    for (const item of definition.downloads) await download(item, cache, { onProgress });
  }
  const advice = 'allow the download, or give the folder that holds them as data';
  const raw = await readFirst(definition, [cache], labels);
  return raw ?? notFound(definition, [...local, cache], advice);
}

/** Reads the first of the folders that has the files, or failing that their archive. */
async function readFirst(
  definition: Definition,
  folders: readonly string[],
  labels: 'fine' | 'coarse',
): Promise<RawDataset | null> {
  for (const folder of folders) {
    const raw = await definition.read(folderSource(folder), { labels });
    if (raw !== null) return raw;
  }
  if (definition.archive === undefined) return null;
  for (const folder of folders) {
    const path = join(folder, definition.archive);
    if (!existsSync(path)) continue;
    const raw = await definition.read(await archiveSource(path), { labels });
    if (raw !== null) return raw;
  }
  return null;
}

function notFound(definition: Definition, tried: readonly string[], advice: string): never {
  throw new DatasetError(
    'not-found',
    `loadDataset: expected the files of ${definition.name} in ${tried.join(', ')}; found none of them; ${advice}.`,
  );
}

/** Where downloads are kept unless the caller says: `PLEAT_CACHE`, else the user's cache folder. */
function cacheFolder(): string {
  const { PLEAT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (PLEAT_CACHE) return PLEAT_CACHE;
  const base =
    process.platform === 'win32'
      ? (LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'pleat', 'datasets');
}

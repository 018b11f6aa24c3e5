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
  const { name } = definition;
  const choice = { labels: options.labels ?? 'fine' };
  const tried: string[] = [];
  const readFrom = async (folders: readonly string[]): Promise<RawDataset | null> => {
    tried.push(...folders);
    for (const folder of folders) {
      const raw = await definition.read(folderSource(folder), choice);
      if (raw !== null) return raw;
    }
    for (const folder of definition.archive === undefined ? [] : folders) {
      const archive = join(folder, definition.archive ?? '');
      const raw =
        existsSync(archive) && (await definition.read(await archiveSource(archive), choice));
      if (raw) return raw;
    }
    return null;
  };

  if (options.data !== undefined) {
    const root = options.data;
    const raw = await readFrom([...definition.folders.map((folder) => join(root, folder)), root]);
    if (raw !== null) return raw;
    throw notFound(definition, tried, 'give the folder that holds them as data');
  }
  if (definition.bundled) {
    const raw = await readFrom([bundledFolder]);
    if (raw !== null) return raw;
    throw notFound(definition, tried, 'install @pleat/datasets again');
  }
  const local = process.env.PLEAT_DATA;
  if (local) {
    // Not the folder itself: MNIST and Fashion-MNIST have files of the same names.
    const raw = await readFrom([
      ...definition.folders.map((folder) => join(local, folder)),
      ...(definition.archive === undefined ? [] : [local]),
    ]);
    if (raw !== null) return raw;
  }
  const cache = join(options.cache ?? cacheFolder(), name);
  if (options.download !== false) {
    const { onProgress } = options;
    for (const item of definition.downloads) await download(item, cache, { onProgress });
  }
  const raw = await readFrom([cache]);
  if (raw !== null) return raw;
  throw notFound(
    definition,
    tried,
    'allow the download, or give the folder that holds them as data',
  );
}

function notFound(definition: Definition, tried: string[], advice: string): DatasetError {
  return new DatasetError(
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

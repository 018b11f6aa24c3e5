import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemble } from './assemble.ts';
import { DatasetError } from './errors.ts';
import type { Definition } from './sets/definition.ts';
import { type DatasetName, definitionOf } from './sets/registry.ts';
import { folderSource } from './sources/folder.ts';
import type { Dataset, LoadOptions, RawDataset } from './types.ts';

const bundledFolder = fileURLToPath(new URL('../data/', import.meta.url));

/**
 * Loads an image data set.
 *
 * @param name one of `datasetNames`
 * @param options where the files are and how much of the training images is held out
 * @returns the splits, pixels as NHWC bytes
 * @throws DatasetError when the files are missing or cannot be read
 * @example
 * const { train, shape } = await loadDataset('fashion-mnist-subset');
 * console.log(train.length, shape.join()); // 9000 '28,28,1'
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<Dataset> {
  const definition = definitionOf(name);
  return assemble(name, await readAnywhere(definition, options), options);
}

async function readAnywhere(definition: Definition, options: LoadOptions): Promise<RawDataset> {
  const choice = { labels: options.labels ?? 'fine' };
  const root = options.data ?? process.env['PLEAT_DATA'];
  const folders = definition.bundled
    ? [bundledFolder]
    : root === undefined
      ? []
      : [
          ...definition.folders.map((folder) => join(root, folder)),
          ...(options.data ? [root] : []),
        ];
  for (const folder of folders) {
    const raw = await definition.read(folderSource(folder), choice);
    if (raw !== null) return raw;
  }
  throw new DatasetError(
    'not-found',
    `loadDataset: expected the files of ${definition.name} in ${folders.join(' or ')}, found none; give the folder that holds them as data.`,
  );
}

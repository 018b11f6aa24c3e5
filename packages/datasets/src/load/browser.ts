import { assemble } from '../assemble.ts';
import { DatasetError } from '../errors.ts';
import { type DatasetName, definitionOf } from '../sets/registry.ts';
import { fetchSource } from '../sources/fetch.ts';
import type { Dataset, LoadOptions } from '../types.ts';

/**
 * Loads an image data set in a browser, from a folder of files that a server offers.
 *
 * @param name one of `datasetNames`
 * @param options `data` is the address of that folder; `cache`, `download` and `onProgress` have no effect
 * @returns the splits, as in Node
 * @throws DatasetError when `data` is absent, or files are missing, damaged or not what they are called
 * @example
 * await loadDataset('fashion-mnist-subset', { data: '/fashion-mnist-subset' });
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<Dataset> {
  const definition = definitionOf(name);
  const advice = `serve its files${definition.bundled ? ' (node_modules/@pleat/datasets/data)' : ''} and pass their address as data`;
  if (options.data === undefined) {
    throw new DatasetError(
      'not-found',
      `loadDataset: expected an address to fetch ${name} from in the browser, found none; ${advice}.`,
    );
  }
  const raw = await definition.read(fetchSource(options.data), {
    labels: options.labels ?? 'fine',
  });
  if (raw === null) {
    throw new DatasetError(
      'not-found',
      `loadDataset: expected the files of ${name} at ${options.data}, found none; ${advice}.`,
    );
  }
  return assemble(name, raw, options);
}

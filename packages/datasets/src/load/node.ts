import { assemble } from '../assemble.ts';
import { type DatasetName, definitionOf } from '../sets/registry.ts';
import type { Dataset, LoadOptions } from '../types.ts';
import { findDataset } from './find.ts';

/**
 * Loads an image data set.
 *
 * Looks in the `data` folder if given; else in this package (`fashion-mnist-subset`), in the folder `PLEAT_DATA`
 * names, in the cache, and on the network.
 *
 * @param name one of `datasetNames`
 * @param options where the files are and how many training images are held out
 * @returns the splits, pixels as NHWC bytes, labels 0..classes.length - 1
 * @throws DatasetError when files are missing, damaged or not what they are called, or cannot be downloaded
 * @example
 * const { train, shape } = await loadDataset('fashion-mnist-subset');
 * console.log(train.length, shape.join()); // 9000 '28,28,1'
 */
export async function loadDataset(name: DatasetName, options: LoadOptions = {}): Promise<Dataset> {
  return assemble(name, await findDataset(definitionOf(name), options), options);
}

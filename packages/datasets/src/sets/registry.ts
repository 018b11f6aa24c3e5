import { DatasetError } from '../errors.ts';
import { cifar10 } from './cifar10.ts';
import { cifar100 } from './cifar100.ts';
import type { Definition } from './definition.ts';
import { digits } from './digits.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { fashionMnistSubset } from './fashion-mnist-subset.ts';
import { mnist } from './mnist.ts';

/** Name of a data set that `loadDataset` knows. */
export type DatasetName =
  | 'fashion-mnist-subset'
  | 'fashion-mnist'
  | 'mnist'
  | 'cifar10'
  | 'cifar100'
  | 'digits';

/** Every data set, by name. */
export const registry: Readonly<Record<DatasetName, Definition>> = {
  'fashion-mnist-subset': fashionMnistSubset,
  'fashion-mnist': fashionMnist,
  mnist,
  cifar10,
  cifar100,
  digits,
};

/** The names `loadDataset` knows. */
export const datasetNames: readonly DatasetName[] = Object.keys(registry) as DatasetName[];

/** The data set of this name. */
export function definitionOf(name: DatasetName): Definition {
  if (!Object.hasOwn(registry, name)) {
    throw new DatasetError(
      'unknown-name',
      `loadDataset: expected one of ${datasetNames.join(', ')}, found '${name}'; choose one of these.`,
    );
  }
  return registry[name];
}

import { readCifarSet } from './cifar-set.ts';
import type { Definition } from './definition.ts';

const classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
const trainFiles = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);

/** CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 photographs, 32 x 32 RGB. */
export const cifar10: Definition = {
  name: 'cifar10',
  folders: ['cifar10/cifar-10-batches-bin', 'cifar10', 'cifar-10-batches-bin'],
  archive: 'cifar-10-binary.tar.gz',
  downloads: [
    {
      file: 'cifar-10-binary.tar.gz',
      url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
      bytes: 170052171,
    },
  ],
  read: (source) =>
    readCifarSet(
      source,
      trainFiles,
      'test_batch.bin',
      { labelBytes: 1, labelAt: 0, classes: classes.length },
      classes,
    ),
};

import { readDigits } from '../formats/digits.ts';
import { pixels } from '../memory.ts';
import type { Split } from '../types.ts';
import type { Definition } from './definition.ts';

const testShare = 0.2;

/**
 * UCI's optical digits as scikit-learn ships them (Alpaydin and Kaynak 1998): 1,797 digits, 8 x 8 grey.
 *
 * The file has no split of its own. The rows go writer by writer, so the last fifth (360 of 1,797) is the test split:
 * a random one would put the same hands on both sides.
 */
export const digits: Definition = {
  name: 'digits',
  folders: ['digits'],
  downloads: [
    {
      file: 'digits.csv.gz',
      url: 'https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.5.2/sklearn/datasets/data/digits.csv.gz',
      sha256: '09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22',
      bytes: 57523,
    },
  ],
  read: async (source) => {
    const file = await source.read('digits.csv');
    if (file === null) return null;
    const all = readDigits(file);
    const cut = all.length - Math.ceil(all.length * testShare);
    return {
      classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      shape: [8, 8, 1],
      train: range(all, 0, cut),
      test: range(all, cut, all.length),
    };
  },
};

function range(all: Split, from: number, to: number): Split {
  const images = pixels((to - from) * 64);
  images.set(all.images.subarray(from * 64, to * 64));
  return { images, labels: all.labels.slice(from, to), length: to - from };
}

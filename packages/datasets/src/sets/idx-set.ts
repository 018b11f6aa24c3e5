import { DatasetError } from '../errors.ts';
import { type NamedBytes, readIdxSplit } from '../formats/idx.ts';
import type { Source } from '../sources/source.ts';
import type { Split } from '../types.ts';
import type { Definition } from './definition.ts';

/** The four files of MNIST and of everything made in its image. */
const idxFiles = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

/** The `read` of a data set in MNIST's four files. */
export function readIdxSet(name: string, classes: readonly string[]): Definition['read'] {
  return async (source) => {
    const train = await readPair(source, idxFiles.train, name, classes.length);
    if (train === null) return null;
    const test = await readPair(source, idxFiles.test, name, classes.length);
    const { height, width } = train;
    if (test !== null && (test.height !== height || test.width !== width)) {
      throw new DatasetError(
        'mislabelled',
        `${idxFiles.test.images}: expected images of ${height} x ${width} as in ${idxFiles.train.images}, found ${test.height} x ${test.width}; use files of one data set.`,
      );
    }
    return { classes, shape: [height, width, 1], train: train.split, test: test?.split ?? null };
  };
}

async function readPair(
  source: Source,
  files: { images: string; labels: string },
  name: string,
  classes: number,
): Promise<{ split: Split; height: number; width: number } | null> {
  const images = await source.read(files.images);
  if (images === null) return null;
  const labels = await source.read(files.labels);
  if (labels === null) throw missing(images, files.labels, name);
  return readIdxSplit(images, labels, classes);
}

function missing(images: NamedBytes, labels: string, name: string): DatasetError {
  return new DatasetError(
    'not-found',
    `${name}: ${images.name} is there but its labels are not; put ${labels} (or ${labels}.gz) beside it.`,
    { file: labels },
  );
}

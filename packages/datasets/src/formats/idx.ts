import { fileError } from '../errors.ts';
import { pixels } from '../memory.ts';
import type { Split } from '../types.ts';
import { checkLabels } from './labels.ts';

/** Bytes of one unpacked file, and the name errors give it. */
export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

interface IdxArray {
  dimensions: number[];
  values: Uint8Array;
}

/**
 * Reads an array of unsigned bytes in IDX form (LeCun et al., "The MNIST database of handwritten digits").
 *
 * @param file the unpacked file: two zero bytes, type 8, rank, sizes as big-endian uint32, values
 * @param rank number of dimensions the file must have: 3 for images, 1 for labels
 * @returns the sizes, and the values as a view of the file's bytes
 * @throws DatasetError `mislabelled` for another kind of file, `truncated` or `corrupt` for another length
 * @example
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
 * console.log(readIdx({ name: 'labels', bytes }, 1).values.join()); // '7,9'
 */
export function readIdx({ name: file, bytes }: NamedBytes, rank: 1 | 3): IdxArray {
  const start = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length < 4 ? null : view.getUint32(0);
  if (magic !== null && magic !== 0x800 + rank) {
    const kind = rank === 3 ? 'images' : 'labels';
    throw fileError(
      'mislabelled',
      {
        file,
        offset: 0,
        expected: `the IDX mark 0x${hex(0x800 + rank)} of ${kind}`,
        found: `0x${hex(magic)}`,
      },
      'check that the file is the one its name says',
    );
  }
  if (bytes.length < start) {
    throw fileError(
      'truncated',
      { file, offset: bytes.length, expected: `an IDX header of ${start} bytes`, found: 'the end' },
      'fetch the file again',
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = dimensions.reduce((product, size) => product * size, 1);
  const found = bytes.length - start;
  if (found !== expected) {
    throw fileError(
      found < expected ? 'truncated' : 'corrupt',
      {
        file,
        offset: start + Math.min(found, expected),
        expected: `${expected} values (${dimensions.join(' x ')})`,
        found: `${found}`,
      },
      'fetch the file again',
    );
  }
  return { dimensions, values: bytes.subarray(start) };
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/**
 * Joins an IDX file of grey images with its IDX file of labels.
 *
 * @param images the unpacked image file, any number of images
 * @param labels the unpacked label file, as many labels
 * @param classes number of classes; labels are 0..classes - 1
 * @returns the split, and the images' height and width
 * @throws DatasetError when a file is truncated, corrupt or mislabelled, or the two do not belong together
 *
 * @example
 * const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9); // one image of 1 x 2
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 4);
 * const named = (name, bytes) => ({ name, bytes });
 * readIdxSplit(named('images', images), named('labels', labels), 10).split.labels; // Uint8Array(1) [ 4 ]
 */
export function readIdxSplit(
  images: NamedBytes,
  labels: NamedBytes,
  classes: number,
): { split: Split; height: number; width: number } {
  const pictures = readIdx(images, 3);
  const marks = readIdx(labels, 1);
  const [count = 0, height = 0, width = 0] = pictures.dimensions;
  if (marks.values.length !== count) {
    throw fileError(
      'mislabelled',
      {
        file: labels.name,
        offset: 4,
        expected: `${count} labels, one for each image of ${images.name}`,
        found: `${marks.values.length}`,
      },
      'use the label file that belongs to the images',
    );
  }
  checkLabels(marks.values, classes, (i) => ({ file: labels.name, offset: 8 + i }));
  const split = {
    images: pixels(pictures.values.length),
    labels: marks.values.slice(),
    length: count,
  };
  split.images.set(pictures.values);
  return { split, height, width };
}

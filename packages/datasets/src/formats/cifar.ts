import { DatasetError, fileError } from '../errors.ts';
import { pixels } from '../memory.ts';
import type { Split } from '../types.ts';
import type { NamedBytes } from './idx.ts';
import { checkLabels } from './labels.ts';

const area = 32 * 32;

/** How a record begins: how many label bytes, which of them counts, and how many classes it has. */
export interface CifarLayout {
  labelBytes: 1 | 2;
  labelAt: 0 | 1;
  classes: number;
}

/**
 * Reads CIFAR-10 or CIFAR-100 binary files (Krizhevsky 2009): records of label bytes and three planes of 32 x 32.
 *
 * @param files the unpacked files in order, each of any whole number of records
 * @param layout where the label is: CIFAR-10 `{ labelBytes: 1, labelAt: 0, classes: 10 }`
 * @returns one split of all records, pixels as NHWC
 * @throws DatasetError `truncated` when a record is cut, `mislabelled` when a label is no class
 * @example
 * const record = new Uint8Array(3073).fill(5, 0, 1);
 * const layout = { labelBytes: 1, labelAt: 0, classes: 10 };
 * console.log(readCifar([{ name: 'a.bin', bytes: record }], layout).labels[0]); // 5
 */
export function readCifar(files: readonly NamedBytes[], layout: CifarLayout): Split {
  const recordBytes = layout.labelBytes + 3 * area;
  let length = 0;
  for (const { name: file, bytes } of files) {
    const rest = bytes.length % recordBytes;
    if (rest !== 0 || bytes.length === 0) {
      throw fileError(
        'truncated',
        {
          file,
          offset: bytes.length - rest,
          expected: `a whole record of ${recordBytes} bytes`,
          found: `${rest} bytes`,
        },
        'fetch the file again, or check that it is the one its name says',
      );
    }
    length += bytes.length / recordBytes;
  }
  if (length === 0)
    throw new DatasetError('not-found', 'readCifar: expected at least one file, found none.');
  const split = { images: pixels(length * 3 * area), labels: new Uint8Array(length), length };
  let first = 0;
  for (const { name, bytes } of files) {
    const count = bytes.length / recordBytes;
    for (let i = 0; i < count; i++) {
      const start = i * recordBytes;
      split.labels[first + i] = bytes[start + layout.labelAt]!;
      interleave(bytes, start + layout.labelBytes, split.images, (first + i) * 3 * area);
    }
    checkLabels(split.labels.subarray(first, first + count), layout.classes, (i) => ({
      file: name,
      offset: i * recordBytes + layout.labelAt,
    }));
    first += count;
  }
  return split;
}

function interleave(from: Uint8Array, start: number, to: Uint8Array, at: number): void {
  for (let p = 0, out = at; p < area; p++, out += 3) {
    to[out] = from[start + p]!;
    to[out + 1] = from[start + area + p]!;
    to[out + 2] = from[start + 2 * area + p]!;
  }
}

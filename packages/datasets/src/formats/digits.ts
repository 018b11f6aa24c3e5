import { fileError } from '../errors.ts';
import { pixels } from '../memory.ts';
import type { Split } from '../types.ts';
import type { NamedBytes } from './idx.ts';

const side = 8;
const columns = side * side + 1;

/**
 * Reads the hand-written digits of UCI (Alpaydin and Kaynak 1998) from CSV: 64 pixels of 0..16, then the label.
 *
 * @param file the unpacked text, one row an image, any number of rows
 * @returns the images in file order, pixels scaled to 0..255 (16 becomes 255)
 * @throws DatasetError `corrupt` when a row is not 64 pixels and a label, `mislabelled` for a label beyond 9
 * @example
 * const bytes = new TextEncoder().encode('16,'.repeat(64) + '3');
 * console.log(readDigits({ name: 'digits.csv', bytes }).images[0]); // 255
 */
export function readDigits({ name: file, bytes }: NamedBytes): Split {
  const rows = new TextDecoder().decode(bytes).split('\n');
  if (rows.at(-1) === '') rows.pop();
  const split = {
    images: pixels(rows.length * side * side),
    labels: new Uint8Array(rows.length),
    length: rows.length,
  };
  let offset = 0;
  rows.forEach((row, i) => {
    const cells = row.trim().split(',');
    const values = cells.map(Number);
    const bad = values.findIndex(
      (value, c) =>
        !(Number.isInteger(value) && value >= 0 && value <= (c < columns - 1 ? 16 : 9)) ||
        cells[c]?.trim() === '',
    );
    if (cells.length !== columns || bad >= 0) {
      const inLabel = cells.length === columns && bad === columns - 1;
      throw fileError(
        inLabel
          ? 'mislabelled'
          : cells.length < columns && i === rows.length - 1
            ? 'truncated'
            : 'corrupt',
        {
          file,
          offset,
          expected: inLabel
            ? `a label of 0..9 at the end of row ${i + 1}`
            : `64 pixels of 0..16 and a label in row ${i + 1}`,
          found:
            cells.length !== columns
              ? `${cells.length} cells`
              : `'${cells[bad]}' in column ${bad + 1}`,
        },
        'fetch the file again',
      );
    }
    for (let p = 0; p < side * side; p++)
      split.images[i * side * side + p] = Math.round((values[p]! * 255) / 16);
    split.labels[i] = values[columns - 1]!;
    offset += row.length + 1;
  });
  return split;
}

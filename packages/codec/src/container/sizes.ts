import { type PleatErrorCode, PleatFormatError } from '../errors.ts';
import { align8, sizeOf } from './layout.ts';
import type { Limits } from './limits.ts';
import type { SectionInfo } from './types.ts';

function check(holds: boolean, code: PleatErrorCode, message: () => string): void {
  if (!holds) throw new PleatFormatError(code, `readHeader: ${message()}`);
}

function bytesPerElement(section: SectionInfo): number {
  return section.kind === 'tensor' ? 4 : 1;
}

/** The number of coded bytes a section must have, or null where only decoding tells. */
function codedBytes({ kind, coding, shape }: SectionInfo): number | null {
  const size = sizeOf(shape);
  if (coding === 'range' || coding === 'int32-range') return null;
  if (coding === 'raw' && kind === 'mask') return Math.ceil(size / 8);
  if (coding === 'float16') return 2 * size;
  if (coding === 'uint8') return size + 8;
  if (coding === 'uint8-channel') return size + 8 * (shape.at(-1) ?? 1);
  return kind === 'tensor' ? 4 * size : size;
}

/** Where only decoding tells the number of bytes: the most an encoder writes. */
function mostBytes({ coding, shape }: SectionInfo): number {
  const size = sizeOf(shape);
  return coding === 'int32-range' ? 4 * size + 24 : Math.ceil(size / 8) + 16;
}

/** Checks names, shapes and byte ranges against each other, the length of the data, and the limits. */
export function checkSizes(sections: readonly SectionInfo[], length: number, limits: Limits): void {
  const names = new Set<string>();
  let decoded = 0;
  let end = 0;
  for (const section of sections) {
    const { name, shape } = section;
    check(!names.has(name), 'duplicate-name', () => `two sections are named '${name}'`);
    names.add(name);
    // A zero hides the overflow of the other dimensions, so each of them must fit by itself too.
    const size = sizeOf(shape);
    const largest = sizeOf(shape.map((dimension) => Math.max(dimension, 1)));
    check(
      largest <= limits.elements,
      Number.isSafeInteger(largest) ? 'limit' : 'shape',
      () =>
        `section '${name}' of shape [${shape}] has ${largest} elements, expected at most ${limits.elements} (limits.elements)`,
    );
    decoded += size * bytesPerElement(section);
    check(
      decoded <= limits.decodedBytes,
      'limit',
      () =>
        `the sections up to '${name}' take ${decoded} bytes once decoded, expected at most ${limits.decodedBytes} (limits.decodedBytes)`,
    );
    const start = align8(end);
    const range = `section '${name}' lies at bytes ${section.start} to ${section.end}`;
    check(section.start >= start, 'range-overlap', () => `${range}, expected to start at ${start}`);
    check(section.start <= start, 'range-gap', () => `${range}, expected to start at ${start}`);
    check(
      section.end >= section.start,
      'range-overlap',
      () => `${range}, it ends before it starts`,
    );
    check(section.end <= length, 'range-past-end', () => `${range}, the data ends at ${length}`);
    const expected = codedBytes(section);
    const found = section.end - section.start;
    const most = mostBytes(section);
    check(
      expected === null ? found <= most : found === expected,
      'section-size',
      () =>
        `${range}: ${found} bytes; shape [${shape}] coded as ${section.coding} takes ${expected ?? `at most ${most}`}`,
    );
    end = section.end;
  }
  check(
    end === length,
    'range-gap',
    () => `the sections end at byte ${end}, the data at ${length}`,
  );
}

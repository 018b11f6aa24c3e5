import { crc32 } from '../crc32.ts';
import { PleatFormatError } from '../errors.ts';
import { readHeader, writeHeader } from './header.ts';
import { align8 } from './layout.ts';
import type { DecodeOptions, Limits } from './limits.ts';
import { decodeSection, encodeSection } from './section.ts';

import type { Header, Section, SectionInfo } from './types.ts';

const unlimited: Limits = {
  headerBytes: 2 ** 32,
  sections: Number.POSITIVE_INFINITY,
  elements: Number.MAX_SAFE_INTEGER,
  decodedBytes: Number.POSITIVE_INFINITY,
};

/**
 * Writes sections into the bytes of one `.pleat` file, version 1.
 *
 * @param sections in the order in which a streaming reader shall get them; their names differ
 * @param options metadata: any JSON object, kept in the header (default {})
 * @returns the file
 * @throws RangeError when a section cannot be coded as asked, or names, shapes or metadata are none the format allows
 * @example
 * const file = encodeContainer([{ kind: 'mask', name: 'm', shape: [4], bits: Uint8Array.of(1, 0, 1, 1) }]);
 * console.log(decodeContainer(file).sections[0].bits.join('')); // 1011
 */
export function encodeContainer(
  sections: readonly Section[],
  { metadata = {} }: { metadata?: Record<string, unknown> } = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const infos: SectionInfo[] = [];
  let end = 0;
  for (const section of sections) {
    const { name, kind } = section;
    const { bytes, shape, coding, maxError } = encodeSection(section);
    const start = align8(end);
    end = start + bytes.length;
    parts.push(bytes);
    const error = maxError === undefined ? {} : { maxError };
    infos.push({ name, kind, shape, coding, start, end, crc32: crc32(bytes), ...error });
  }
  const header = writeHeader(metadata, infos);
  try {
    readHeader(header, { limits: unlimited });
  } catch (cause) {
    throw new RangeError(
      `encodeContainer: no reader would take this file: ${(cause as Error).message}`,
      { cause },
    );
  }
  const file = new Uint8Array(header.length + end);
  file.set(header);
  for (const [i, part] of parts.entries()) file.set(part, header.length + infos[i]!.start);
  return file;
}

/** Throws unless the bytes between two sections are all 0. */
export function checkPadding(padding: Uint8Array, before: string): void {
  const at = padding.findIndex((byte) => byte !== 0);
  if (at >= 0) {
    throw new PleatFormatError(
      'padding',
      `decodeContainer: the bytes that align section '${before}' must be 0, found ${padding[at]}`,
    );
  }
}

/**
 * Reads all of a `.pleat` file.
 *
 * @param bytes the whole file
 * @param options limits that replace the default ones
 * @returns the metadata, the sections in the order of the file, and the header
 * @throws PleatFormatError when the file is broken or above the limits; no section of it is returned then
 * @example
 * const file = encodeContainer([{ kind: 'json', name: 'classes', value: ['cat', 'dog'] }]);
 * console.log(decodeContainer(file).sections[0].value); // [ 'cat', 'dog' ]
 */
export function decodeContainer(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): { metadata: Record<string, unknown>; sections: Section[]; header: Header } {
  const header = readHeader(bytes, options);
  const { headerBytes, fileBytes } = header;
  if (bytes.length !== fileBytes) {
    const short = bytes.length < fileBytes;
    throw new PleatFormatError(
      short ? 'truncated' : 'trailing-bytes',
      `decodeContainer: the header says the file has ${fileBytes} bytes, found ${bytes.length}; ${short ? 'fetch the file again' : 'remove what follows the file'}`,
    );
  }
  let end = 0;
  const sections = header.sections.map((info) => {
    checkPadding(bytes.subarray(headerBytes + end, headerBytes + info.start), info.name);
    end = info.end;
    return decodeSection(info, bytes.subarray(headerBytes + info.start, headerBytes + end));
  });
  return { metadata: header.metadata, sections, header };
}

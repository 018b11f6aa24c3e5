import { crc32 } from '../crc32.ts';
import { PleatFormatError } from '../errors.ts';
import { align8, magic, preambleBytes, version } from './layout.ts';
import { type DecodeOptions, defaultLimits, type Limits } from './limits.ts';
import { parseHeaderJson } from './schema.ts';
import type { Header, SectionInfo } from './types.ts';

/** The bytes of a file before its first section. */
export function writeHeader(
  metadata: Record<string, unknown>,
  sections: readonly SectionInfo[],
): Uint8Array {
  const length = sections.at(-1)?.end ?? 0;
  const text = new TextEncoder().encode(JSON.stringify({ length, metadata, sections }));
  const out = new Uint8Array(align8(preambleBytes + text.length)).fill(0x20);
  const view = new DataView(out.buffer);
  out.set(magic);
  out.set(text, preambleBytes);
  view.setUint32(8, version, true);
  view.setUint32(12, out.length - preambleBytes, true);
  view.setUint32(16, headerCrc(out), true);
  return out;
}

function headerCrc(file: Uint8Array): number {
  return crc32(file.subarray(preambleBytes), crc32(file.subarray(0, 16)));
}

/**
 * How many bytes the preamble and the header take, judged by the first 20 bytes of a file.
 *
 * @throws PleatFormatError for a wrong magic, an unknown version, or a header too long
 */
export function headerEnd(bytes: Uint8Array, limits: Limits): number {
  magic.forEach((expected, i) => {
    if (i < bytes.length && bytes[i] !== expected) {
      throw new PleatFormatError(
        'magic',
        `readHeader: byte ${i} of a .pleat file is 0x${expected.toString(16)}, found 0x${bytes[i]!.toString(16)}; this is no .pleat file, or a transfer changed it`,
      );
    }
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 12 && view.getUint32(8, true) !== version) {
    throw new PleatFormatError(
      'version',
      `readHeader: this reader knows version ${version} of .pleat, the file says ${view.getUint32(8, true)}; update @pleat/codec`,
    );
  }
  if (bytes.length < preambleBytes) {
    throw new PleatFormatError(
      'truncated',
      `readHeader: a .pleat file begins with ${preambleBytes} fixed bytes, found only ${bytes.length}; fetch the file again`,
    );
  }
  const length = view.getUint32(12, true);
  if (length > limits.headerBytes || (preambleBytes + length) % 8 !== 0) {
    throw new PleatFormatError(
      'header-length',
      `readHeader: the header says it has ${length} bytes, expected at most ${limits.headerBytes} (limits.headerBytes), ending at a multiple of 8`,
    );
  }
  return preambleBytes + length;
}

/**
 * Reads and checks the header of a `.pleat` file, without its sections.
 *
 * @param bytes the file, or its beginning as far as the header reaches
 * @param options limits that replace the default ones
 * @returns the header; section i lies at bytes `headerBytes + start` to `headerBytes + end` of the file
 * @throws PleatFormatError when anything in front of the sections is not as it should be
 * @example
 * console.log(readHeader(encodeContainer([{ kind: 'json', name: 'a', value: 1 }])).sections[0].name); // a
 */
export function readHeader(bytes: Uint8Array, options: DecodeOptions = {}): Header {
  const limits = { ...defaultLimits, ...options.limits };
  const headerBytes = headerEnd(bytes, limits);
  if (bytes.length < headerBytes) {
    throw new PleatFormatError(
      'truncated',
      `readHeader: the header ends at byte ${headerBytes}, the file at ${bytes.length}; fetch the file again`,
    );
  }
  const head = bytes.subarray(0, headerBytes);
  const declared = new DataView(head.buffer, head.byteOffset).getUint32(16, true);
  const actual = headerCrc(head);
  if (actual !== declared) {
    throw new PleatFormatError(
      'header-checksum',
      `readHeader: the header's CRC-32 is ${actual}, the file says ${declared}; fetch the file again`,
    );
  }
  const { length, metadata, sections } = parseHeaderJson(head.subarray(preambleBytes), limits);
  return { version, metadata, sections, headerBytes, fileBytes: headerBytes + length };
}

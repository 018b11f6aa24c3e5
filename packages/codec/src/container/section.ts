import { crc32 } from '../crc32.ts';
import { PleatFormatError } from '../errors.ts';
import { decodeMask, encodeMask } from '../mask/mask.ts';
import { decodeTensor, encodeTensor } from '../tensor/tensor.ts';
import type { Section, SectionCoding, SectionInfo, TensorCoding } from './types.ts';

type Coded = { coding: SectionCoding; bytes: Uint8Array; maxError?: number; shape: number[] };

/** The coded bytes of a section and what the header says of them. */
export function encodeSection(section: Section): Coded {
  switch (section.kind) {
    case 'mask': {
      const { bits, shape, coding } = section;
      const { coding: taken, bytes } = encodeMask(bits, shape, coding);
      return { coding: taken as 'raw' | 'range', bytes, shape: [...shape] };
    }
    case 'tensor': {
      const { values, shape, coding } = section;
      return { ...encodeTensor(values, shape, coding), shape: [...shape] };
    }
    case 'json': {
      const text = JSON.stringify(section.value);
      if (text === undefined) {
        throw new RangeError(
          `encodeContainer: section '${section.name}' has no JSON form, found ${typeof section.value}`,
        );
      }
      const bytes = new TextEncoder().encode(text);
      return { coding: 'utf8', bytes, shape: [bytes.length] };
    }
    case 'bytes':
      return { coding: 'raw', bytes: section.bytes, shape: [section.bytes.length] };
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new PleatFormatError(
      'section-data',
      `decodeContainer: a json section must be JSON in UTF-8: ${(cause as Error).message}`,
    );
  }
}

/** The section that coded bytes stand for, after their checksum was verified. */
export function decodeSection(info: SectionInfo, bytes: Uint8Array): Section {
  const { name } = info;
  const actual = crc32(bytes);
  if (actual !== info.crc32) {
    throw new PleatFormatError(
      'section-checksum',
      `decodeContainer: the CRC-32 of section '${name}' is ${actual}, the header says ${info.crc32}; fetch the file again`,
    );
  }
  try {
    return contentOf(info, bytes);
  } catch (error) {
    if (!(error instanceof PleatFormatError)) throw error;
    throw new PleatFormatError(error.code, `section '${name}': ${error.message}`);
  }
}

function contentOf({ name, kind, shape, coding }: SectionInfo, bytes: Uint8Array): Section {
  switch (kind) {
    case 'mask': {
      const bits = decodeMask(bytes, shape, coding as 'raw' | 'range');
      return { kind, name, shape: [...shape], bits, coding: coding as 'raw' | 'range' };
    }
    case 'tensor': {
      const values = decodeTensor(bytes, shape, coding as TensorCoding);
      return { kind, name, shape: [...shape], values, coding: coding as TensorCoding };
    }
    case 'json':
      return { kind, name, value: parseJson(bytes) };
    case 'bytes':
      return { kind, name, bytes: bytes.slice() };
  }
}

import { PleatFormatError } from '../errors.ts';
import type { Limits } from './limits.ts';
import { checkSizes } from './sizes.ts';
import type { SectionCoding, SectionInfo, SectionKind } from './types.ts';

const codings: Record<SectionKind, readonly SectionCoding[]> = {
  mask: ['raw', 'range'],
  tensor: ['float32', 'float16', 'uint8', 'uint8-channel', 'int32', 'int32-range'],
  json: ['utf8'],
  bytes: ['raw'],
};

/** The codings that lose accuracy, whose sections say how much. */
const lossyCodings: readonly SectionCoding[] = ['float16', 'uint8', 'uint8-channel'];

const longestName = 1024;
const highestRank = 16;

type Fields = Record<string, unknown>;

/** What a value is, in a few words; values nested a million deep are not looked into. */
function described(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > 60 ? `'${value.slice(0, 60)}...'` : `'${value}'`;
}

function fail(where: string, expected: string, found: unknown): never {
  throw new PleatFormatError(
    'header-schema',
    `readHeader: ${where} must be ${expected}, found ${described(found)}`,
  );
}

function fieldsOf(value: unknown, where: string, required: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(where, 'an object', value);
  }
  for (const key of required) {
    if (!Object.hasOwn(value, key)) fail(where, `an object with the field '${key}'`, value);
  }
  return value as Fields;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

function count(fields: Fields, key: string, where: string): number {
  const value = fields[key];
  return isCount(value) ? value : fail(`${where}.${key}`, 'an integer in 0 .. 2^53 - 1', value);
}

function parseSection(value: unknown, index: number): SectionInfo {
  const where = `sections[${index}]`;
  const required = ['name', 'kind', 'shape', 'coding', 'start', 'end', 'crc32'];
  const fields = fieldsOf(value, where, required);
  const { name, kind, shape, coding, maxError } = fields;
  if (typeof name !== 'string' || name === '' || name.length > longestName) {
    fail(`${where}.name`, `a string of 1 .. ${longestName} characters`, name);
  }
  if (typeof kind !== 'string' || !Object.hasOwn(codings, kind)) {
    fail(`${where}.kind`, `one of ${Object.keys(codings).join(', ')}`, kind);
  }
  const known = codings[kind as SectionKind];
  if (!known.includes(coding as SectionCoding)) {
    fail(`${where}.coding`, `one of ${known.join(', ')} for a ${kind} section`, coding);
  }
  if (!Array.isArray(shape) || shape.length > highestRank) {
    fail(`${where}.shape`, `a list of at most ${highestRank} dimensions`, shape);
  }
  const bad = shape.find((dimension) => !isCount(dimension));
  if (bad !== undefined) {
    throw new PleatFormatError(
      'shape',
      `readHeader: dimensions of section '${name}' must be integers in 0 .. 2^53 - 1, found ${described(bad)}`,
    );
  }
  const crc32 = count(fields, 'crc32', where);
  if (crc32 > 0xffffffff) fail(`${where}.crc32`, 'an integer below 2^32', crc32);
  const lossy = lossyCodings.includes(coding as SectionCoding);
  if (lossy && !(typeof maxError === 'number' && maxError >= 0 && Number.isFinite(maxError))) {
    fail(`${where}.maxError`, `a number from 0 for the coding ${coding}`, maxError);
  }
  const allowed = lossy ? [...required, 'maxError'] : required;
  const extra = Object.keys(fields).find((key) => !allowed.includes(key));
  if (extra !== undefined) fail(where, 'without fields unknown to version 1', extra);
  return {
    name,
    kind: kind as SectionKind,
    shape: shape as number[],
    coding: coding as SectionCoding,
    start: count(fields, 'start', where),
    end: count(fields, 'end', where),
    crc32,
    ...(lossy ? { maxError: maxError as number } : {}),
  };
}

/** The content of the JSON header, with every field, name, shape and byte range checked. */
export function parseHeaderJson(
  text: Uint8Array,
  limits: Limits,
): { length: number; metadata: Record<string, unknown>; sections: SectionInfo[] } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch (cause) {
    throw new PleatFormatError(
      'header-json',
      `readHeader: the header must be JSON in UTF-8: ${(cause as Error).message}`,
    );
  }
  const top = ['length', 'metadata', 'sections'];
  const fields = fieldsOf(value, 'the header', top);
  const extra = Object.keys(fields).find((key) => !top.includes(key));
  if (extra !== undefined) fail('the header', 'without fields unknown to version 1', extra);
  const metadata = fieldsOf(fields.metadata, 'metadata', []);
  const length = count(fields, 'length', 'the header');
  const list = fields.sections;
  if (!Array.isArray(list)) fail('sections', 'a list', list);
  if (list.length > limits.sections) {
    throw new PleatFormatError(
      'limit',
      `readHeader: the header lists ${list.length} sections, expected at most ${limits.sections} (limits.sections)`,
    );
  }
  const sections = list.map(parseSection);
  checkSizes(sections, length, limits);
  return { length, metadata, sections };
}

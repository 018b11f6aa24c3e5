import { readdirSync, readFileSync } from 'node:fs';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeContainer, encodeContainer, type Section } from '../src/index.ts';
import { sectionOf } from './golden.ts';

const folder = new URL('golden/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.pleat'))
  .map((file) => file.slice(0, -'.pleat'.length));

test('there are golden files', () => {
  expect(names).toEqual(['v1-empty', 'v1-kinds', 'v1-masks']);
});

describe.each(names)('%s', (name) => {
  const file = new Uint8Array(readFileSync(new URL(`${name}.pleat`, folder)));
  const content = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  const sections: Section[] = content.sections.map(sectionOf);

  test('is read as what the JSON beside it says', () => {
    const decoded = decodeContainer(file);
    expect(decoded.metadata).toEqual(content.metadata);
    expect(decoded.sections).toEqual(sections);
  });

  test('is what the encoder still writes', () => {
    const again = encodeContainer(sections, { metadata: content.metadata });
    expect(Buffer.compare(again, file)).toBe(0);
  });

  test('has the layout the documentation describes', () => {
    expect([...file.subarray(0, 8)]).toEqual([0x89, ...new TextEncoder().encode('PLEAT\r\n')]);
    const view = new DataView(file.buffer, file.byteOffset);
    expect(view.getUint32(8, true)).toBe(1);
    const length = view.getUint32(12, true);
    const json = file.subarray(20, 20 + length);
    expect(view.getUint32(16, true)).toBe(zlibCrc32(json, zlibCrc32(file.subarray(0, 16))));
    expect((20 + length) % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(json));
    expect(Object.keys(header)).toEqual(['length', 'metadata', 'sections']);
    expect(file.length).toBe(20 + length + header.length);
    let end = 0;
    for (const section of header.sections) {
      expect(section.start).toBe(Math.ceil(end / 8) * 8);
      end = section.end;
      const bytes = file.subarray(20 + length + section.start, 20 + length + end);
      expect(section.crc32).toBe(zlibCrc32(bytes));
    }
    expect(end).toBe(header.length);
  });
});

test('every part of a mask model is pinned', () => {
  const { sections, headerBytes } = decodeContainer(
    new Uint8Array(readFileSync(new URL('v1-masks.pleat', folder))),
  ).header;
  const file = readFileSync(new URL('v1-masks.pleat', folder));
  const flags = sections.map(({ start }) => file[headerBytes + start]!);
  const union = flags.reduce((all, byte) => all | byte, 0);
  expect(union & 0xf0).toBe(0xf0);
  expect(flags.some((byte) => (byte & 15) > 1)).toBe(true);
  const references = sections.find(({ name }) => name === 'repeated')!;
  expect(file[headerBytes + references.start + 1]).toBe(0);
});

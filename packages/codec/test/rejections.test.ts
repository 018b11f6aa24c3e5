import { describe, expect, test } from 'vitest';
import {
  type BytesSection,
  crc32,
  decodeContainer,
  encodeContainer,
  type Limits,
  type PleatErrorCode,
  PleatFormatError,
  readHeader,
} from '../src/index.ts';
import { assemble, dataOf, editHeader, headerText, type Loose, randomBits } from './help.ts';

const file = encodeContainer(
  [
    { kind: 'bytes', name: 'first', bytes: Uint8Array.of(1, 2, 3) },
    { kind: 'mask', name: 'mask', shape: [40, 10], bits: randomBits(400, 0.05, 1) },
    { kind: 'mask', name: 'packed', shape: [9], bits: randomBits(9, 0.5, 1), coding: 'raw' },
    { kind: 'tensor', name: 'half', shape: [2], values: new Float32Array(2), coding: 'float16' },
    { kind: 'json', name: 'json', value: [1] },
  ],
  { metadata: { a: 1 } },
);

function fault(bytes: Uint8Array, limits: Partial<Limits> = {}): PleatFormatError {
  try {
    decodeContainer(bytes, { limits });
  } catch (error) {
    if (error instanceof PleatFormatError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

function changed(at: number, value: number): Uint8Array {
  const bytes = file.slice();
  bytes[at] = value;
  return bytes;
}

/** The file with a byte of the data changed and the section's checksum made right again. */
function withData(name: string, change: (bytes: Uint8Array) => void): Uint8Array {
  const { headerBytes, sections } = readHeader(file);
  const { start, end } = sections.find((section) => section.name === name)!;
  const bytes = file.slice();
  change(bytes.subarray(headerBytes + start, headerBytes + end));
  const sum = crc32(bytes.subarray(headerBytes + start, headerBytes + end));
  return editHeader(bytes, (header) => {
    header.sections.find((section: Loose) => section.name === name).crc32 = sum;
  });
}

const edit = (change: (sections: Loose, header: Loose) => void) =>
  editHeader(file, (header) => change(header.sections, header));

describe('in front of the header', () => {
  test('a wrong magic, in each of its bytes', () => {
    for (let i = 0; i < 8; i++) expect(fault(changed(i, 1)).code).toBe('magic');
    expect(fault(changed(0, 1)).message).toContain('byte 0 of a .pleat file is 0x89, found 0x1');
    expect(fault(Uint8Array.of(0x50, 0x4b)).code).toBe('magic');
  });

  test('an unknown version', () => {
    expect(fault(changed(8, 2))).toMatchObject({
      code: 'version',
      message: expect.stringContaining('the file says 2'),
    });
  });

  test('a header too long, or not ending at a multiple of eight', () => {
    expect(fault(changed(15, 0x7f)).code).toBe('header-length');
    expect(fault(changed(12, file[12]! + 1)).code).toBe('header-length');
    expect(fault(file, { headerBytes: 100 }).message).toContain('at most 100');
  });

  test('a wrong header checksum', () => {
    expect(fault(changed(16, file[16]! ^ 1)).code).toBe('header-checksum');
    expect(fault(changed(30, file[30]! ^ 1)).code).toBe('header-checksum');
  });
});

test('a file cut anywhere', () => {
  for (let length = 0; length < file.length; length++) {
    expect(fault(file.subarray(0, length)).code).toBe('truncated');
  }
});

test('bytes after the end', () => {
  const longer = new Uint8Array(file.length + 3);
  longer.set(file);
  expect(fault(longer)).toMatchObject({
    code: 'trailing-bytes',
    message: expect.stringContaining(`has ${file.length} bytes, found ${file.length + 3}`),
  });
});

describe('the header', () => {
  test('that is not JSON or not UTF-8', () => {
    expect(fault(assemble('{"length":0,', new Uint8Array(0))).code).toBe('header-json');
    expect(fault(assemble('', new Uint8Array(0))).code).toBe('header-json');
    expect(fault(assemble(`\ufeff${headerText(file)}`, dataOf(file))).code).toBe('header-json');
    expect(fault(assemble('['.repeat(1e6), new Uint8Array(0))).code).toBe('header-json');
    const latin1 = assemble('{"a":"?"}', new Uint8Array(0));
    latin1[26] = 0xe4;
    new DataView(latin1.buffer).setUint32(
      16,
      crc32(latin1.subarray(20), crc32(latin1.subarray(0, 16))),
      true,
    );
    expect(fault(latin1).code).toBe('header-json');
  });

  const schema: [string, (sections: Loose, header: Loose) => void][] = [
    ['metadata must be an object', (_, h) => (h.metadata = [])],
    ['metadata', (_, h) => delete h.metadata],
    ['sections must be a list', (_, h) => (h.sections = {})],
    ['length', (_, h) => (h.length = -1)],
    ['length', (_, h) => (h.length = 1.5)],
    ['unknown to version 1', (_, h) => (h.extra = 1)],
    ['sections[0]', (s) => (s[0] = null)],
    ['sections[0]', (s) => (s[0] = [])],
    ["the field 'crc32'", (s) => delete s[1].crc32],
    ['sections[1].name', (s) => (s[1].name = '')],
    ['sections[1].name', (s) => (s[1].name = 'x'.repeat(1025))],
    ['sections[1].name', (s) => (s[1].name = 7)],
    ['sections[1].kind', (s) => (s[1].kind = 'toString')],
    ['sections[1].kind', (s) => (s[1].kind = null)],
    ['sections[1].coding', (s) => (s[1].coding = 'float32')],
    ['sections[1].coding', (s) => (s[1].coding = 'auto')],
    ['sections[1].shape', (s) => (s[1].shape = 400)],
    ['sections[1].shape', (s) => (s[1].shape = new Array(17).fill(1))],
    ['sections[1].start', (s) => (s[1].start = '8')],
    ['sections[1].end', (s) => (s[1].end = 2 ** 53)],
    ['sections[1].crc32', (s) => (s[1].crc32 = 2 ** 32)],
    ['sections[3].maxError', (s) => delete s[3].maxError],
    ['sections[3].maxError', (s) => (s[3].maxError = -1)],
    ['unknown to version 1', (s) => (s[1].maxError = 0)],
    ['unknown to version 1', (s) => (s[1].extra = 1)],
  ];
  for (const [part, change] of schema) {
    test(`with a wrong schema: ${part}, ${String(change).slice(0, 60)}`, () => {
      expect(fault(edit(change))).toMatchObject({
        code: 'header-schema',
        message: expect.stringContaining(part),
      });
    });
  }

  test('that is JSON but no object', () => {
    const deep = `{"length":0,"sections":[],"metadata":${'['.repeat(1e5)}${']'.repeat(1e5)}}`;
    for (const text of [deep, 'null', '7', '[]', '"x"']) {
      expect(fault(assemble(text, new Uint8Array(0))).code).toBe('header-schema');
    }
  });

  const others: [PleatErrorCode, string, (sections: Loose, header: Loose) => void][] = [
    ['duplicate-name', 'two sections of one name', (s) => (s[1].name = 'first')],
    ['shape', 'a negative dimension', (s) => (s[1].shape = [-40, -10])],
    ['shape', 'a fractional dimension', (s) => (s[1].shape = [0.5, 800])],
    ['shape', 'a dimension that is text', (s) => (s[1].shape = ['400'])],
    ['shape', 'a dimension that is null', (s) => (s[1].shape = [null])],
    ['shape', 'a product beyond 2^53', (s) => (s[1].shape = [2 ** 30, 2 ** 30])],
    ['shape', 'a product beyond every double', (s) => (s[1].shape = new Array(16).fill(2 ** 52))],
    ['shape', 'an overflow hidden by a zero', (s) => (s[1].shape = [2 ** 52, 2 ** 52, 0])],
    ['limit', 'more elements than the limit', (s) => (s[1].shape = [2 ** 29])],
    ['range-overlap', 'a section that starts in the one before', (s) => (s[1].start = 0)],
    ['range-overlap', 'a section that ends before it starts', (s) => (s[1].end = s[1].start - 1)],
    ['range-gap', 'a gap between sections', (s) => (s[1].start += 8)],
    ['range-gap', 'a start that is not aligned', (s) => (s[1].start += 1)],
    ['range-gap', 'bytes no section covers', (_, h) => (h.length += 8)],
    ['range-gap', 'data without any section', (_, h) => (h.sections = [])],
    ['range-past-end', 'a section beyond the data', (_, h) => (h.length -= 1)],
    ['range-past-end', 'an absurd end', (s) => (s[4].end = 2 ** 53 - 1)],
    ['section-size', 'a raw mask of another size', (s) => (s[2].shape = [17])],
    ['section-size', 'a tensor of another size', (s) => (s[3].shape = [3])],
    ['section-size', 'bytes of another size', (s) => (s[0].shape = [4])],
    ['section-size', 'a range code longer than raw', (s) => (s[1].shape = [2])],
    ['section-checksum', 'another checksum', (s) => (s[1].crc32 ^= 1)],
    [
      'truncated',
      'more data than the file has',
      (s, h) => {
        s[4].shape = [1000];
        s[4].end = s[4].start + 1000;
        h.length = s[4].end;
      },
    ],
    [
      'trailing-bytes',
      'less data than the file has',
      (s, h) => {
        h.length = s[2].end;
        s.length = 3;
      },
    ],
  ];
  for (const [code, what, change] of others) {
    test(`with ${what}: ${code}`, () => {
      const error = fault(edit(change));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(/^(readHeader|decodeContainer): /);
    });
  }

  test('above the other limits', () => {
    expect(fault(file, { sections: 4 }).message).toContain('limits.sections');
    expect(fault(file, { elements: 399 }).message).toContain('limits.elements');
    expect(fault(file, { decodedBytes: 410 }).message).toContain('limits.decodedBytes');
    expect(decodeContainer(file, { limits: { decodedBytes: 450 } }).sections.length).toBe(5);
  });
});

describe('the sections', () => {
  test('with a flipped bit: the checksum says which', () => {
    const { headerBytes, sections } = readHeader(file);
    for (const { name, start, end } of sections) {
      for (let at = start; at < end; at++) {
        const bytes = file.slice();
        bytes[headerBytes + at]! ^= 1 << (at % 8);
        expect(fault(bytes).message).toContain(`CRC-32 of section '${name}'`);
      }
    }
  });

  test('with padding that is not 0', () => {
    expect(fault(changed(readHeader(file).headerBytes + 5, 1)).code).toBe('padding');
  });

  test('with contents that contradict their coding though the checksum is right', () => {
    const packed = withData('packed', (bytes) => {
      bytes[1] = 0x80;
    });
    expect(fault(packed)).toMatchObject({
      code: 'section-data',
      message: expect.stringContaining("section 'packed'"),
    });
    const json = withData('json', (bytes) => {
      bytes[0] = 0x7b;
    });
    expect(fault(json)).toMatchObject({
      code: 'section-data',
      message: expect.stringContaining("section 'json'"),
    });
    const mask = withData('mask', (bytes) => {
      bytes[0] = 0x0f;
    });
    expect(fault(mask)).toMatchObject({
      code: 'section-data',
      message: expect.stringContaining("section 'mask'"),
    });
  });
});

describe('encodeContainer refuses', () => {
  const one: BytesSection = { kind: 'bytes', name: 'a', bytes: new Uint8Array(1) };

  test('names that are used twice, empty or too long', () => {
    for (const sections of [
      [one, one],
      [{ ...one, name: '' }],
      [{ ...one, name: 'x'.repeat(1025) }],
    ]) {
      expect(() => encodeContainer(sections)).toThrow(RangeError);
    }
  });

  test('what has no JSON form, and shapes no reader takes', () => {
    expect(() => encodeContainer([{ kind: 'json', name: 'a', value: undefined }])).toThrow(
      /section 'a' has no JSON form, found undefined/,
    );
    const values = new Float32Array(4);
    for (const shape of [[-2, -2], [0.5, 8], new Array(17).fill(1).with(0, 4)]) {
      expect(() => encodeContainer([{ kind: 'tensor', name: 't', shape, values }])).toThrow(
        /no reader would take this file: .*(section 't'|sections\[0\]\.shape)/,
      );
    }
  });

  test('metadata that is no object', () => {
    for (const metadata of [[], null, 'x', new Date(0)] as Loose[]) {
      expect(() => encodeContainer([one], { metadata })).toThrow(/metadata/);
    }
  });
});

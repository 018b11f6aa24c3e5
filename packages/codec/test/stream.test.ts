import { describe, expect, test } from 'vitest';
import {
  decodeContainer,
  decodeStream,
  encodeContainer,
  PleatFormatError,
  type Section,
} from '../src/index.ts';
import { randomBits } from './help.ts';

const file = encodeContainer([
  { kind: 'json', name: 'topology', value: { layers: ['ü'] } },
  { kind: 'mask', name: 'mask', shape: [50, 50], bits: randomBits(2500, 0.1, 1) },
  { kind: 'bytes', name: 'nothing', bytes: new Uint8Array(0) },
  { kind: 'tensor', name: 'gamma', shape: [3], values: Float32Array.of(1, 2, 3) },
]);
const { sections, header } = decodeContainer(file);

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function collect(source: Parameters<typeof decodeStream>[0]): Promise<Section[]> {
  const got: Section[] = [];
  for await (const section of decodeStream(source)) got.push(section);
  return got;
}

async function codeOf(source: Parameters<typeof decodeStream>[0]): Promise<string> {
  return collect(source).then(
    () => 'none',
    (error) => (error instanceof PleatFormatError ? error.code : String(error)),
  );
}

describe('decodeStream', () => {
  test('gives the sections of the file, whatever the sizes of its pieces', async () => {
    for (const size of [1, 3, 8, 100, 1e6]) {
      expect(await collect(pieces(file, size))).toEqual(sections);
    }
  });

  test('reads a web stream, with empty pieces in it', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(file.subarray(0, 30));
        controller.enqueue(new Uint8Array(0));
        controller.enqueue(file.subarray(30));
        controller.close();
      },
    });
    expect(await collect(stream)).toEqual(sections);
  });

  test('reads a web stream in browsers where it cannot be iterated', async () => {
    const stream = new Blob([file.slice()]).stream() as ReadableStream<Uint8Array>;
    const plain = { getReader: () => stream.getReader() } as ReadableStream<Uint8Array>;
    expect(await collect(plain)).toEqual(sections);
  });

  test('yields a section as soon as its last byte is there', async () => {
    let sent = 0;
    async function* slowly() {
      for (const byte of file) {
        sent++;
        yield Uint8Array.of(byte);
      }
    }
    const arrivals: number[] = [];
    for await (const _ of decodeStream(slowly())) arrivals.push(sent);
    expect(arrivals).toEqual(header.sections.map(({ end }) => header.headerBytes + end));
  });

  test('does not share memory with the pieces it was given', async () => {
    const copy = file.slice();
    const got = await collect(pieces(copy, 40));
    copy.fill(0);
    expect(got).toEqual(sections);
  });

  test('closes its source when it fails, and when the reader stops early', async () => {
    let closed = 0;
    async function* watched(bytes: Uint8Array) {
      try {
        yield* pieces(bytes, 16);
      } finally {
        closed++;
      }
    }
    expect(await codeOf(watched(new Uint8Array(100)))).toBe('magic');
    expect(closed).toBe(1);
    for await (const _ of decodeStream(watched(file))) break;
    expect(closed).toBe(2);
  });

  test('yields sound sections even when a later one is broken', async () => {
    const broken = file.slice();
    broken[broken.length - 1]! ^= 1;
    const names: string[] = [];
    await expect(async () => {
      for await (const { name } of decodeStream(pieces(broken, 64))) names.push(name);
    }).rejects.toThrow(/CRC-32 of section 'gamma'/);
    expect(names).toEqual(['topology', 'mask', 'nothing']);
  });

  test('says so wherever the stream ends early or goes on', async () => {
    for (let length = 0; length < file.length; length += 7) {
      expect(await codeOf(pieces(file.subarray(0, length), 64))).toBe('truncated');
    }
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(await codeOf(pieces(longer, 64))).toBe('trailing-bytes');
  });
});

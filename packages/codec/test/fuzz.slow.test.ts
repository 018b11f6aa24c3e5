import { afterEach, expect, test, vi } from 'vitest';
import {
  crc32,
  decodeContainer,
  decodeStream,
  encodeContainer,
  PleatFormatError,
  readHeader,
  type Section,
} from '../src/index.ts';
import { assemble, dataOf, generator, headerText, type Loose, randomBits } from './help.ts';

const files = 20_000;
const limits = { elements: 100_000, decodedBytes: 400_000, headerBytes: 100_000 };

const next = generator(2024);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
const below = (n: number) => Math.floor(next() * n);

const repeated = randomBits(64 * 40, 0.5, 8).map((bit, i, all) => (i % 40 < 8 ? bit : all[i - 8]!));
const skewed = Uint8Array.from({ length: 9 * 32 * 32 }, (_, i) => (next() < (i % 32) / 32 ? 1 : 0));
const blocks = Uint8Array.from({ length: 48 * 48 }, (_, i) =>
  ((i >> 2) % 12) * 7 + ((i / 192) | 0) * 5 > 60 ? 1 : 0,
);

const originals = [
  encodeContainer(
    [
      { kind: 'json', name: 'topology', value: { layers: [1, 'two', { three: null }] } },
      { kind: 'mask', name: 'skewed', shape: [3, 3, 32, 32], bits: skewed },
      { kind: 'tensor', name: 'gamma', shape: [32], values: new Float32Array(32).fill(0.3) },
    ],
    { metadata: { classes: ['a', 'b'] } },
  ),
  encodeContainer([
    { kind: 'mask', name: 'repeated', shape: [64, 40], bits: repeated },
    { kind: 'mask', name: 'blocks', shape: [48, 48], bits: blocks },
    { kind: 'mask', name: 'sparse', shape: [50, 20], bits: randomBits(1000, 0.02, 1) },
    { kind: 'mask', name: 'raw', shape: [21], bits: randomBits(21, 0.5, 1), coding: 'raw' },
  ]),
  encodeContainer([
    { kind: 'tensor', name: 'a', shape: [4], values: Float32Array.of(1, 2, 3, 4), coding: 'uint8' },
    { kind: 'tensor', name: 'b', shape: [2, 2], values: new Float32Array(4), coding: 'float16' },
    {
      kind: 'tensor',
      name: 'c',
      shape: [3, 5],
      values: Float32Array.from({ length: 15 }, (_, i) => i * i),
      coding: 'uint8-channel',
    },
    { kind: 'tensor', name: 'd', shape: [2], values: Int32Array.of(-1, 1) },
    { kind: 'bytes', name: 'e', bytes: Uint8Array.of(1, 2, 3) },
  ]),
  encodeContainer([]),
];

const absurd = [
  0,
  1,
  -1,
  0.5,
  7,
  8,
  2 ** 16,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  -0,
  null,
  true,
  '',
  'range',
  'raw',
  'mask',
  '__proto__',
  [],
  {},
  [0],
  [2 ** 40, 2 ** 40],
  [1e5],
  [99_999],
  [0, 2 ** 52],
  [-1],
  [[1]],
  [3, 3, 3, 3, 3, 3, 3, 3, 3],
];

/** Every place in a JSON value that holds something: its container and its key. */
function places(value: Loose, found: [Loose, string][] = []): [Loose, string][] {
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      found.push([value, key]);
      places(value[key], found);
    }
  }
  return found;
}

function flipBits(file: Uint8Array): Uint8Array {
  for (let i = 1 + below(8); i > 0; i--) file[below(file.length)]! ^= 1 << below(8);
  return file;
}

/** Cuts out a piece, and puts in one of the same or another file. */
function splice(file: Uint8Array): Uint8Array {
  const other = pick(originals);
  const at = below(file.length);
  const from = below(other.length);
  const piece = other.subarray(from, from + below(200));
  const rest = file.subarray(Math.min(file.length, at + below(200)));
  const out = new Uint8Array(at + piece.length + rest.length);
  out.set(file.subarray(0, at));
  out.set(piece, at);
  out.set(rest, at + piece.length);
  return out;
}

function absurdLength(file: Uint8Array): Uint8Array {
  const at = pick([8, 12, 16, below(file.length - 4)]);
  new DataView(file.buffer).setUint32(
    at,
    pick([0, 1, 4, 2 ** 31, 2 ** 32 - 1, below(2 ** 32)]),
    true,
  );
  return file;
}

/** Puts the checksums of the sections, and then that of the header, right. */
function fixed(header: Loose, data: Uint8Array): Uint8Array {
  for (const section of Array.isArray(header?.sections) ? header.sections : []) {
    const { start, end } = section ?? {};
    if (Number.isInteger(start) && Number.isInteger(end)) {
      section.crc32 = crc32(data.subarray(start, end));
    }
  }
  return assemble(JSON.stringify(header) ?? 'null', data);
}

/** Edits fields of the header, under checksums that hold. */
function editFields(file: Uint8Array): Uint8Array {
  const header = JSON.parse(headerText(file));
  for (let i = 1 + below(3); i > 0; i--) {
    const [container, key] = pick(places(header));
    const old = container[key];
    const kind = below(6);
    if (kind === 0) delete container[key];
    else if (kind === 1 && typeof old === 'number') container[key] = old + pick([-8, -1, 1, 8, 64]);
    else if (kind === 2) container[key] = structuredClone(pick(places(header))[0]);
    else if (kind === 3 && Array.isArray(old)) old.push(structuredClone(old[0] ?? 1));
    else if (kind === 4 && Array.isArray(old)) old.reverse();
    else container[key] = structuredClone(pick(absurd));
  }
  return below(2) ? fixed(header, dataOf(file)) : assemble(JSON.stringify(header), dataOf(file));
}

/** Edits the text of the header, under a checksum that holds. */
function editText(file: Uint8Array): Uint8Array {
  const text = headerText(file);
  const at = below(text.length);
  const put = pick(['', '9', '-', 'e9', ',', '{', '[', '"', '\\u0000', '\ufeff', '[[[[', '\ud800']);
  return assemble(text.slice(0, at) + put + text.slice(at + below(3)), dataOf(file));
}

/** Damages the data of sections, under checksums that hold: this reaches the decoders themselves. */
function editData(file: Uint8Array): Uint8Array {
  const data = dataOf(file).slice();
  const header = JSON.parse(headerText(file));
  if (header.sections.length === 0) return file;
  for (let i = 1 + below(4); i > 0; i--) {
    const { start, end } = pick<Loose>(header.sections);
    // The first bytes of a mask name its model.
    const at = Math.min(end - 1, start + (below(2) ? below(8) : below(end - start)));
    data[at] = below(2) ? below(256) : data[at]! ^ (1 << below(8));
  }
  return fixed(header, data);
}

/** Changes both the shape of a mask and its data, or exchanges what two sections say. */
function reshape(file: Uint8Array): Uint8Array {
  const header = JSON.parse(headerText(file));
  const masks = header.sections.filter((section: Loose) => section.coding === 'range');
  if (masks.length === 0) return editFields(file);
  const mask = pick<Loose>(masks);
  mask.shape = pick([
    mask.shape.toReversed(),
    [...mask.shape, 1],
    [mask.shape.reduce((a: number, b: number) => a * b, 1)],
    [1 + below(300), 1 + below(300)],
    [1 + below(9), 1 + below(30), 1 + below(30)],
    [below(3), 2 ** below(50)],
  ]);
  return editData(assemble(JSON.stringify(header), dataOf(file)));
}

const mutations: { mutate: (file: Uint8Array) => Uint8Array; honest: boolean }[] = [
  { mutate: flipBits, honest: true },
  { mutate: (file) => file.subarray(0, below(file.length)), honest: true },
  { mutate: splice, honest: true },
  { mutate: absurdLength, honest: true },
  { mutate: (file) => flipBits(splice(splice(file))), honest: true },
  { mutate: editFields, honest: false },
  { mutate: editText, honest: false },
  { mutate: editData, honest: false },
  { mutate: reshape, honest: false },
  { mutate: (file) => editFields(editData(file)), honest: false },
];

/** Counts the bytes of all typed arrays made while it runs. */
function allocations(): { bytes: number } {
  const counter = { bytes: 0 };
  const types = { Uint8Array, Uint32Array, Int32Array, Float32Array, Float64Array };
  for (const [name, Type] of Object.entries(types)) {
    const Counting = class extends (Type as Loose) {
      constructor(...args: unknown[]) {
        super(...args);
        if (!(args[0] instanceof ArrayBuffer)) counter.bytes += (this as Loose).byteLength;
      }
    };
    vi.stubGlobal(name, Counting);
  }
  return counter;
}
afterEach(() => vi.unstubAllGlobals());

type Outcome = { sections: Section[] } | { code: string };

function outcome(run: () => Section[]): Outcome {
  try {
    return { sections: run() };
  } catch (error) {
    if (!(error instanceof PleatFormatError)) throw error;
    return { code: error.code };
  }
}

async function streamed(file: Uint8Array): Promise<Outcome> {
  async function* pieces() {
    for (let i = 0; i < file.length; i += 997) yield file.subarray(i, i + 997);
  }
  const sections: Section[] = [];
  try {
    for await (const section of decodeStream(pieces(), { limits })) sections.push(section);
    return { sections };
  } catch (error) {
    if (!(error instanceof PleatFormatError)) throw error;
    return { code: error.code };
  }
}

/** Throws unless the sections are what the header declares. */
function checkDeclared(file: Uint8Array, sections: Section[]): void {
  const header = readHeader(file, { limits });
  expect(sections.length).toBe(header.sections.length);
  sections.forEach((section, i) => {
    const size = header.sections[i]!.shape.reduce((a, b) => a * b, 1);
    if (section.kind === 'mask') {
      expect(section.bits.length).toBe(size);
      expect(section.bits.every((bit) => bit <= 1)).toBe(true);
    }
    if (section.kind === 'tensor') expect(section.values.length).toBe(size);
    if (section.kind === 'bytes') expect(section.bytes.length).toBe(size);
  });
}

test(`${files} mutated files: a typed error, the identical model, or (checksums put right) what is declared`, async () => {
  const intact = originals.map((file) => JSON.stringify(decodeContainer(file).sections));
  const seen = new Map<string, number>();
  let slowest = 0;
  let mostBytes = 0;
  for (let i = 0; i < files; i++) {
    const which = below(originals.length);
    const { mutate, honest } = mutations[i % mutations.length]!;
    const file = mutate(originals[which]!.slice()).slice();
    const counter = allocations();
    const start = process.cpuUsage().user;
    const got = outcome(() => decodeContainer(file, { limits }).sections);
    slowest = Math.max(slowest, (process.cpuUsage().user - start) / 1e6);
    vi.unstubAllGlobals();
    mostBytes = Math.max(mostBytes, counter.bytes - 8 * file.length);
    const kind = 'code' in got ? got.code : 'model';
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    if ('sections' in got) {
      if (honest) expect(JSON.stringify(got.sections)).toBe(intact[which]);
      else checkDeclared(file, got.sections);
    }
    if (i % 4 === 0) {
      const stream = await streamed(file);
      expect('code' in stream).toBe('code' in got);
      if ('sections' in stream) expect(JSON.stringify(stream)).toBe(JSON.stringify(got));
    }
  }
  // Every fault that can be made is made, so the mutations reach all of the reader.
  expect([...seen.keys()].sort()).toEqual([
    'duplicate-name',
    'header-checksum',
    'header-json',
    'header-length',
    'header-schema',
    'limit',
    'magic',
    'model',
    'padding',
    'range-gap',
    'range-overlap',
    'range-past-end',
    'section-checksum',
    'section-data',
    'section-size',
    'shape',
    'trailing-bytes',
    'truncated',
    'version',
  ]);
  // The slowest legitimate file takes some 20 ms; a hang would take for ever.
  expect(slowest).toBeLessThan(5);
  // A context model has at most 65,536 pairs of doubles; the rest is a small multiple of what may be declared.
  expect(mostBytes).toBeLessThan(2 ** 20 + 16 * limits.decodedBytes);
});

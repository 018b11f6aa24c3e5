import { crc32 } from '../src/index.ts';

/** A generator of uniform numbers in 0 .. 1 for tests (mulberry32), apart from the packages under test. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Independent random bits of one density. */
export function randomBits(size: number, density: number, seed: number): Uint8Array {
  const next = generator(seed);
  return Uint8Array.from({ length: size }, () => (next() < density ? 1 : 0));
}

/** Bytes of the order-0 entropy of bits, by its definition. */
export function entropyBytes(bits: Uint8Array): number {
  const ones = bits.reduce((sum, bit) => sum + bit, 0);
  const plogp = (count: number) => (count ? -count * Math.log2(count / bits.length) : 0);
  return (plogp(ones) + plogp(bits.length - ones)) / 8;
}

/** The JSON text of a file's header. */
export function headerText(file: Uint8Array): string {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(12, true);
  return new TextDecoder().decode(file.subarray(20, 20 + length));
}

/** The bytes behind a file's header. */
export function dataOf(file: Uint8Array): Uint8Array {
  return file.subarray(20 + new DataView(file.buffer, file.byteOffset).getUint32(12, true));
}

/** A file with the given header text, a right header checksum, and the given data behind it. */
export function assemble(text: string, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil((json.length + 20) / 8) * 8 - 20).fill(32);
  padded.set(json);
  const file = new Uint8Array(20 + padded.length + data.length);
  const view = new DataView(file.buffer);
  file.set([0x89, 0x50, 0x4c, 0x45, 0x41, 0x54, 0x0d, 0x0a]);
  view.setUint32(8, 1, true);
  view.setUint32(12, padded.length, true);
  file.set(padded, 20);
  view.setUint32(16, crc32(padded, crc32(file.subarray(0, 16))), true);
  file.set(data, 20 + padded.length);
  return file;
}

// biome-ignore lint/suspicious/noExplicitAny: tests put every sort of nonsense into headers
export type Loose = any;

/** The same file with an edited header; the header's checksum is made right again. */
export function editHeader(file: Uint8Array, edit: (header: Loose) => void): Uint8Array {
  const header = JSON.parse(headerText(file));
  edit(header);
  return assemble(JSON.stringify(header), dataOf(file));
}

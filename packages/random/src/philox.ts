const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two 32-bit integers, as a signed integer, from 16-bit halves. */
export function mulhi(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const p = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
  const q = (Math.imul(a0, b1) + (p & 0xffff)) | 0;
  return (Math.imul(a1, b1) + (p >>> 16) + (q >>> 16)) | 0;
}

/** Writes the four words of one counter block to `out[at .. at + 3]`; every argument is a 32-bit integer. */
export function philoxBlock(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  rounds: number,
  out: Uint32Array,
  at: number,
): void {
  for (let round = 0; round < rounds; round++) {
    const high0 = mulhi(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = mulhi(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/**
 * Philox4x32, the keyed bijection of 128-bit counters behind every stream.
 *
 * @param counter four 32-bit words, least significant first
 * @param key two 32-bit words
 * @param rounds number of rounds; 10 is what every stream uses
 * @returns four 32-bit words
 * @throws TypeError when counter has not four words or key not two
 *
 * Reference: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @example
 * philox4x32([0, 0, 0, 0], [0, 0])[0].toString(16); // '6627e8d5'
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  rounds = 10,
): Uint32Array {
  if (counter.length !== 4 || key.length !== 2) {
    throw new TypeError(
      `philox4x32 takes a counter of 4 words and a key of 2; it got ${counter.length} and ${key.length}.`,
    );
  }
  const out = new Uint32Array(4);
  const [c0, c1, c2, c3] = Uint32Array.from(counter) as unknown as [number, number, number, number];
  const [k0, k1] = Uint32Array.from(key) as unknown as [number, number];
  philoxBlock(c0, c1, c2, c3, k0, k1, rounds, out, 0);
  return out;
}

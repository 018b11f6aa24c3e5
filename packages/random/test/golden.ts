// What every engine must give: SHA-256 of fills, compared with golden.json, which golden.py made on its own.
import { fillBits, fillNormal, fillSign, fillUniform, permutation, stream } from '../src/index.ts';

async function sha256(data: ArrayBufferView<ArrayBuffer>): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', data);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const words = (n: number): Uint32Array<ArrayBuffer> => new Uint32Array(n);
const floats = (n: number): Float32Array<ArrayBuffer> => new Float32Array(n);

/** Name of a case -> hash. */
export async function golden(): Promise<Record<string, string>> {
  const s = stream(2024, 'golden');
  // The counter's lower word overflows in the middle of this fill.
  const carry = 2 ** 34 - 5001;
  const cases: Record<string, ArrayBufferView> = {
    keys: Uint32Array.from(
      [stream(0, ''), s, stream(2 ** 53 - 1, 'prototype/17/ünï😀')].flatMap(({ key }) => key),
    ),
    bits: fillBits(s, words(100_003)),
    'bits past 2^32 blocks': fillBits(s, words(10_007), { offset: carry }),
    uniform: fillUniform(s, floats(100_003)),
    'uniform in a range': fillUniform(s, floats(100_003), { low: -0.3, high: 0.7, offset: 13 }),
    normal: fillNormal(s, floats(1_000_003)),
    'normal scaled': fillNormal(s, floats(100_003), { mean: 0.1, std: 0.02, offset: 7 }),
    sign: fillSign(s, floats(100_003)),
    'sign from within a word': fillSign(s, floats(10_007), { magnitude: 0.1, offset: 77 }),
    permutation: permutation(s, 10_007),
  };
  const hashes: Record<string, string> = {};
  for (const [name, values] of Object.entries(cases)) {
    hashes[name] = await sha256(values as ArrayBufferView<ArrayBuffer>);
  }
  return hashes;
}

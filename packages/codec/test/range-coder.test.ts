import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeLength, log2 } from '../src/mask/code-length.ts';
import { newCounts, RangeDecoder, RangeEncoder } from '../src/mask/range-coder.ts';
import { generator, randomBits } from './help.ts';

function encode(bits: Uint8Array, contexts: number): Uint8Array {
  const coder = new RangeEncoder();
  const counts = newCounts(contexts);
  bits.forEach((bit, i) => {
    coder.encode(bit, i % contexts, counts);
  });
  return coder.finish();
}

/** The same code in arithmetic without any limit: an ever longer integer `low`, and no carry to be handled. */
function encodeExactly(bits: Uint8Array, contexts: number): number[] {
  const counts = Array.from({ length: contexts }, () => [1n, 1n] as [bigint, bigint]);
  let low = 0n;
  let range = 1n << 48n;
  let digits = 0;
  bits.forEach((bit, i) => {
    const count = counts[i % contexts]!;
    const p = (count[1] << 26n) / (count[0] + count[1]);
    const split = (range >> 26n) * p;
    if (bit) {
      range = split;
    } else {
      low += split;
      range -= split;
    }
    count[bit as 0 | 1] += 2n;
    while (range < 1n << 40n) {
      range <<= 8n;
      low <<= 8n;
      digits++;
    }
  });
  const high = low + range;
  for (let zeros = digits + 6; zeros >= 0; zeros--) {
    const step = 1n << BigInt(8 * zeros);
    const value = ((low + step - 1n) / step) * step;
    if (value >= high) continue;
    const bytes: number[] = [];
    for (let i = digits + 5; i >= 0; i--) bytes.push(Number((value >> BigInt(8 * i)) & 255n));
    while (bytes.at(-1) === 0) bytes.pop();
    return bytes;
  }
  throw new Error('unreachable: a step of 1 always fits');
}

describe('range coder', () => {
  test('writes what unlimited integers would, carries included', () => {
    const next = generator(1);
    for (let round = 0; round < 300; round++) {
      const density = [0.5, 0.1, 0.01, 0.99, 0, 1][round % 6]!;
      const bits = randomBits(Math.floor(next() * 1500), density, round);
      const contexts = 1 + (round % 4);
      expect([...encode(bits, contexts)]).toEqual(encodeExactly(bits, contexts));
    }
  });

  test('reads back any bits and leaves nothing unread', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 600 }),
        fc.integer({ min: 1, max: 5 }),
        (list, contexts) => {
          const bits = Uint8Array.from(list);
          const decoder = new RangeDecoder(encode(bits, contexts), 0);
          const counts = newCounts(contexts);
          expect(bits.map((_, i) => decoder.decode(i % contexts, counts))).toEqual(bits);
          expect(decoder.unread).toBe(0);
        },
      ),
    );
  });

  test('counts beyond its precision are halved, on both sides alike', () => {
    const start = () => Float64Array.of(2 ** 26 - 5, 3);
    const bits = Uint8Array.from({ length: 50 }, (_, i) => (i % 7 === 0 ? 1 : 0));
    const coder = new RangeEncoder();
    const counts = start();
    for (const bit of bits) coder.encode(bit, 0, counts);
    expect(counts[0]! + counts[1]!).toBeLessThan(2 ** 25 + 100);
    const decoder = new RangeDecoder(coder.finish(), 0);
    const again = start();
    expect(bits.map(() => decoder.decode(0, again))).toEqual(bits);
  });
});

describe('code length', () => {
  test('log2 agrees with the definition to 1e-10', () => {
    let largest = 0;
    for (let i = 1; i < 5000; i++) {
      for (const x of [i, i / 2, i * 1e5, 1 / i]) {
        largest = Math.max(largest, Math.abs(log2(x) - Math.log2(x)));
      }
    }
    expect(largest).toBeLessThan(1e-10);
  });

  test('is the sum of the lengths of the single bits', () => {
    for (const [zeros, ones] of [
      [0, 0],
      [1, 0],
      [3, 5],
      [200, 100],
      [90_000, 7],
      [0, 30_000],
    ] as const) {
      let sum = 0;
      for (let i = 0; i < zeros; i++) sum -= Math.log2((i + 0.5) / (i + 1));
      for (let i = 0; i < ones; i++) sum -= Math.log2((i + 0.5) / (zeros + i + 1));
      expect(Math.abs(codeLength(zeros, ones) - sum)).toBeLessThan(1e-6 * sum + 1e-9);
    }
  });

  test('foretells the bytes of a code', () => {
    for (const density of [0.5, 0.2, 0.01, 0.0001]) {
      const bits = randomBits(50_000, density, 7);
      const ones = bits.reduce((sum, bit) => sum + bit, 0);
      const expected = codeLength(bits.length - ones, ones) / 8;
      expect(Math.abs(encode(bits, 1).length - expected)).toBeLessThan(2);
    }
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillBits, fillNormal, fillSign, fillUniform, philox4x32, stream } from '../src/index.ts';

const s = stream(42, 'chunks');
const fills = {
  bits: (n: number, offset: number) => fillBits(s, new Uint32Array(n), { offset }),
  uniform: (n: number, offset: number) => fillUniform(s, new Float32Array(n), { offset }),
  normal: (n: number, offset: number) => fillNormal(s, new Float32Array(n), { offset }),
  sign: (n: number, offset: number) => fillSign(s, new Float32Array(n), { offset }),
};

test('word i of a stream is word i mod 4 of Philox at counter i / 4', () => {
  const offsets = fc.oneof(
    fc.nat(10_000),
    fc.nat(10_000).map((near) => 2 ** 34 - 5000 + near),
  );
  fc.assert(
    fc.property(offsets, fc.integer({ min: 1, max: 40 }), (offset, n) => {
      fillBits(s, new Uint32Array(n), { offset }).forEach((word, j) => {
        const block = Math.floor((offset + j) / 4);
        const counter = [block % 2 ** 32, Math.floor(block / 2 ** 32), 0, 0];
        expect(word).toBe(philox4x32(counter, s.key)[(offset + j) % 4]);
      });
    }),
  );
});

test.each(Object.entries(fills))('%s: any cut of a fill gives the same values', (_name, fill) => {
  const whole = fill(20_000, 0);
  fc.assert(
    fc.property(fc.nat(19_999), fc.nat(9_000), (offset, length) => {
      const n = Math.min(length, 20_000 - offset);
      expect(fill(n, offset)).toEqual(whole.subarray(offset, offset + n));
    }),
    { numRuns: 25 },
  );
});

test('a fill reaches the last value of a stream', () => {
  const last = 2 ** 53 - 9;
  expect(fills.bits(8, last)).toEqual(fills.bits(12, last - 4).subarray(4));
  expect(() => fills.bits(10, last)).toThrow('fillBits takes an offset');
});

test('fills return the array they were given, views included, and touch nothing beside it', () => {
  const memory = new Float32Array(30).fill(9);
  const view = memory.subarray(10, 20);
  expect(fillUniform(s, view)).toBe(view);
  expect([...memory.subarray(0, 10), ...memory.subarray(20)]).toEqual(Array(20).fill(9));
  expect(fillNormal(s, new Float32Array(0))).toHaveLength(0);
});

test('wrong options are refused by name', () => {
  const out = new Float32Array(4);
  expect(() => fillUniform(s, out, { low: 1, high: 1 })).toThrow(
    'fillUniform takes low < high; it got 1 and 1.',
  );
  expect(() => fillUniform(s, out, { high: Number.NaN })).toThrow(
    'a finite float32 as high; it got NaN',
  );
  expect(() => fillUniform(s, out, { low: -3e38, high: 3e38 })).toThrow(
    'a finite float32 as high - low',
  );
  expect(() => fillUniform(s, out, { high: 1e-40 })).toThrow('2^-100 or more');
  expect(() => fillNormal(s, out, { std: 1e39 })).toThrow(
    'fillNormal takes a finite float32 as std',
  );
  expect(() => fillNormal(s, out, { mean: Infinity })).toThrow('as mean; it got Infinity');
  expect(() => fillSign(s, out, { magnitude: Number.NaN })).toThrow(
    'fillSign takes a finite float32 as magnitude',
  );
  expect(() => fillSign(s, out, { offset: 0.5 })).toThrow(
    'fillSign takes an offset that is a safe integer',
  );
  expect(() => fillNormal(s, out, { offset: -1 })).toThrow('it got -1');
});

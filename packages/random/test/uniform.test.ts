import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillBits, fillSign, fillUniform, stream } from '../src/index.ts';
import { createPortableEngine } from '../src/portable.ts';
import { uniformTerms } from '../src/range.ts';
import { chiSquareDeviations, kolmogorov } from './reference.ts';

const million = fillUniform(stream(1, 'quality'), new Float32Array(1_000_000));

test('a million uniforms pass Kolmogorov and Smirnov (p > 0.001) and fill 4096 bins evenly', () => {
  expect(kolmogorov(million, (x) => x)).toBeLessThan(1.95);
  const counts = new Uint32Array(4096);
  for (const value of million) counts[Math.floor(value * 4096)]!++;
  expect(Math.abs(chiSquareDeviations(counts))).toBeLessThan(4);
});

test('pairs of neighbours fill a square of 64 x 64 evenly', () => {
  const counts = new Uint32Array(4096);
  for (let i = 0; i < million.length; i += 2) {
    counts[Math.floor(million[i]! * 64) * 64 + Math.floor(million[i + 1]! * 64)]!++;
  }
  expect(Math.abs(chiSquareDeviations(counts))).toBeLessThan(4);
});

test('every bit of a word is set half of the time', () => {
  const words = fillBits(stream(1, 'bits'), new Uint32Array(1_000_000));
  for (let bit = 0; bit < 32; bit++) {
    const ones = words.reduce((sum, word) => sum + ((word >>> bit) & 1), 0);
    expect(Math.abs(ones - 500_000)).toBeLessThan(4 * 500);
  }
});

test('a uniform is the upper 24 bits of its word', () => {
  const words = fillBits(stream(1, 'quality'), new Uint32Array(1000));
  expect(million.subarray(0, 1000)).toEqual(
    Float32Array.from(words, (word) => (word >>> 8) / 2 ** 24),
  );
});

test('no word gives a value outside [low, high), whatever rounding does', () => {
  const bound = fc.float({ noNaN: true, noDefaultInfinity: true });
  const engine = createPortableEngine(128);
  fc.assert(
    fc.property(bound, bound, fc.nat(0xffffffff), (a, b, word) => {
      fc.pre(Math.abs(a - b) >= 2 ** -100 && Math.abs(a - b) < 2 ** 127);
      const [from, to] = a < b ? [a, b] : [b, a];
      const { scale, low, highest } = uniformTerms(from, to);
      engine.words.set([0, 0xffffffff, word, ~word]);
      engine.uniform(4, scale, low, highest);
      expect(engine.floats[0] === low).toBe(true);
      for (const value of engine.floats.subarray(0, 4)) {
        expect(value >= from && value < to).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a range of few floats never reaches its upper end', () => {
  const options = { low: 1, high: 1 + 2 ** -22 };
  const values = new Set(fillUniform(stream(1, 'narrow'), new Float32Array(10_000), options));
  expect([...values].sort()).toEqual([1, 1 + 2 ** -23]);
});

test('signs are the bits of the words, the lowest first, and balanced', () => {
  const s = stream(3, 'signs');
  const signs = fillSign(s, new Float32Array(1_000_000), { magnitude: 0.25 });
  const words = fillBits(s, new Uint32Array(31_250));
  let sum = 0;
  let equalNeighbours = 0;
  signs.forEach((value, i) => {
    const bit = (words[i >>> 5]! >>> (i & 31)) & 1;
    if (value !== (bit ? -0.25 : 0.25)) throw new Error(`sign ${i} is ${value} for bit ${bit}`);
    sum += value * 4;
    if (i && value === signs[i - 1]) equalNeighbours++;
  });
  expect(Math.abs(sum)).toBeLessThan(4 * 1000);
  expect(Math.abs(equalNeighbours - 500_000)).toBeLessThan(4 * 500);
});

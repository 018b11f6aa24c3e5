import fc from 'fast-check';
import { expect, test } from 'vitest';
import { philox4x32 } from '../src/index.ts';
import { mulhi } from '../src/philox.ts';

// Known-answer vectors published with Random123 1.14 (tests/kat_vectors): rounds, counter, key, result.
const vectors = `
7  00000000 00000000 00000000 00000000 00000000 00000000 5f6fb709 0d893f64 4f121f81 4f730a48
7  ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 5207ddc2 45165e59 4d8ee751 8c52f662
7  243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 4dfccaba 190a87f0 c47362ba b6b5242a
10 00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
10 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
10 243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1`
  .trim()
  .split('\n')
  .map((line) => line.split(/\s+/));

test.each(vectors)('philox4x32 of %s rounds gives the published words', (rounds, ...hex) => {
  const words = hex.map((word) => Number.parseInt(word, 16));
  const result = philox4x32(words.slice(0, 4), words.slice(4, 6), Number(rounds));
  expect([...result]).toEqual(words.slice(6));
});

test('mulhi is the upper half of the 64-bit product', () => {
  const word = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff),
  );
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(mulhi(a, b) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }),
    { numRuns: 2000 },
  );
});

test('philox4x32 refuses a counter or key of another length', () => {
  expect(() => philox4x32([1, 2, 3], [0, 0])).toThrow('philox4x32 takes a counter of 4 words');
  expect(() => philox4x32([1, 2, 3, 4], [0])).toThrow('a key of 2; it got 4 and 1');
});

import { expect, test } from 'vitest';
import { encodeMask, maskRate } from '../src/index.ts';
import { generator, randomBits } from './help.ts';

const next = generator(31);
const numbers = (size: number) => Float64Array.from({ length: size }, next);
const ofFilter = numbers(64);
const ofInput = numbers(64);

const masks: Record<string, { shape: number[]; bits: Uint8Array; hints?: Uint8Array }> = {};
for (const density of [0, 0.01, 0.1, 0.3, 0.5, 0.9]) {
  masks[`density ${density}`] = { shape: [3, 3, 64, 64], bits: randomBits(9 * 4096, density, 3) };
}
masks.filters = {
  shape: [3, 3, 64, 64],
  bits: Uint8Array.from({ length: 9 * 4096 }, (_, i) => (next() < (ofFilter[i % 64] ?? 0) ? 1 : 0)),
};
masks['filters and inputs'] = {
  shape: [64, 64],
  bits: Uint8Array.from({ length: 4096 }, (_, i) =>
    next() < (ofFilter[i % 64] ?? 0) * (ofInput[i >> 6] ?? 0) ? 1 : 0,
  ),
};
masks.blocks = {
  shape: [64, 64],
  bits: Uint8Array.from({ length: 4096 }, (_, i) => ((i >> 2) + (i >> 8)) & 1),
};
const hints = Uint8Array.from({ length: 4096 }, () => (next() < 0.5 ? 1 : 0));
masks.hinted = { shape: [64, 64], bits: hints.map((h) => (next() < 0.1 + 0.4 * h ? 1 : 0)), hints };

test.each(Object.entries(masks))('counts every bit of what the coder writes: %s', (_, mask) => {
  const { bytes } = encodeMask(mask.bits, mask.shape, 'auto', mask.hints);
  expect(maskRate(mask.bits, mask.shape, mask.hints).bits).toBe(8 * bytes.length);
});

/** What an adaptive coder spends bit by bit: each has the odds (count + 1/2) / (all + 1) of those before it. */
function spent(bits: Uint8Array): number {
  const counts = [0, 0];
  let length = 0;
  for (const bit of bits) {
    length -= Math.log2((counts[bit]! + 0.5) / (counts[0]! + counts[1]! + 1));
    counts[bit]!++;
  }
  return length;
}

test('the price of a bit is what the length of the code changes by when it is turned', () => {
  const { shape, bits } = { shape: [500], bits: randomBits(500, 0.2, 5) };
  const { price, bits: all } = maskRate(bits, shape);
  // No model but the share of ones: a byte for that, and the code ends on a whole one.
  expect(Math.abs(all - 8 - spent(bits))).toBeLessThan(8);
  for (const i of [0, 17, 123, 499]) {
    const at = (bit: number) => {
      const turned = bits.slice();
      turned[i] = bit;
      return spent(turned);
    };
    expect(price[i]).toBeCloseTo(at(1) - at(0), 3);
  }
});

test('a mask that is stored raw has no price, an empty one no bit', () => {
  expect(maskRate(randomBits(4096, 0.5, 1), [64, 64]).bits).toBe(4096);
  expect(maskRate(randomBits(4096, 0.5, 1), [64, 64]).price.every((p) => p === 0)).toBe(true);
  expect(maskRate(new Uint8Array(0), [0, 3]).bits).toBe(0);
  expect(() => maskRate(new Uint8Array(3), [2])).toThrow(/has 2 weights, found 3 bits/);
});

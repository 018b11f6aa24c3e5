import { expect, test } from 'vitest';
import { fillNormal, stream } from '../src/index.ts';
import { normalFromWord } from '../src/normal.ts';
import { kolmogorov, normalCdf, twoSided } from './reference.ts';

const million = fillNormal(stream(1, 'quality'), new Float32Array(1_000_000));

test('every word maps to the quantile of its share of the distribution, to 6e-7 of its value', () => {
  let worst = 0;
  for (let i = 0; i < 200_000; i++) {
    // Half of the words spread evenly, half logarithmically over the tail down to its last one.
    const magnitude =
      i % 2
        ? Math.floor(((i + 0.5) / 200_000) * 2 ** 31)
        : 2 ** 31 - 1 - Math.floor(2 ** ((i / 200_000) * 31));
    const z = normalFromWord(magnitude);
    const { inside, outside } = twoSided(z);
    const x = (magnitude + 0.5) / 2 ** 31;
    const off = x < 0.5 ? inside - x : 1 - x - outside;
    const density = Math.sqrt(2 / Math.PI) * Math.exp((-z * z) / 2);
    worst = Math.max(worst, Math.abs(off / density / z));
  }
  expect(worst).toBeLessThan(6e-7);
});

test('quantiles never fall as the word rises, and negative words mirror positive ones', () => {
  let last = 0;
  for (let magnitude = 1; magnitude < 2 ** 31; magnitude += 9973) {
    const z = normalFromWord(magnitude);
    // Two ulp: the polynomials are rounded, not exact.
    if (!(z >= last * (1 - 3e-7))) throw new Error(`word ${magnitude}: ${z} after ${last}`);
    if (normalFromWord(~magnitude) !== -z) throw new Error(`word ${~magnitude}: not ${-z}`);
    last = z;
  }
  expect(last).toBeGreaterThan(4);
});

test('the largest magnitude is the quantile of 2^-33, about 6.34', () => {
  expect(normalFromWord(0x7fffffff)).toBeCloseTo(6.338, 2);
  expect(normalFromWord(0x80000000)).toBe(-normalFromWord(0x7fffffff));
});

test('moments of a million are those of the normal distribution, within four standard errors', () => {
  const n = million.length;
  // The k-th moment's variance is that of z^k: E z^2k - (E z^k)^2, with E z^2k = 1, 3, 15, 105 ...
  for (const [k, moment, variance] of [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
    [6, 15, 10170],
  ] as const) {
    const found = million.reduce((sum, z) => sum + z ** k, 0) / n;
    expect(Math.abs(found - moment)).toBeLessThan(4 * Math.sqrt(variance / n));
  }
});

test('a million pass Kolmogorov and Smirnov against the float64 distribution (p > 0.001)', () => {
  expect(kolmogorov(million, normalCdf)).toBeLessThan(1.95);
  const shifted = fillNormal(stream(1, 'quality'), new Float32Array(1_000_000), { mean: 0.01 });
  // The same test sees a shift of a hundredth of a deviation.
  expect(kolmogorov(shifted, normalCdf)).toBeGreaterThan(1.95);
});

test('tails of sixteen million have the right weight out to five deviations', () => {
  const n = 1 << 24;
  const beyond = new Float64Array(6);
  const chunk = new Float32Array(1 << 20);
  for (let offset = 0; offset < n; offset += chunk.length) {
    fillNormal(stream(2, 'tails'), chunk, { offset });
    for (const z of chunk) {
      const size = Math.abs(z);
      if (size > 1) for (let limit = 1; limit <= 5 && size > limit; limit++) beyond[limit]!++;
    }
  }
  for (let limit = 1; limit <= 5; limit++) {
    const expected = n * twoSided(limit).outside;
    expect(Math.abs(beyond[limit]! - expected)).toBeLessThan(4 * Math.sqrt(expected));
  }
});

test('neighbours are uncorrelated, in value and in square', () => {
  let product = 0;
  let squares = 0;
  for (let i = 1; i < million.length; i++) {
    product += million[i]! * million[i - 1]!;
    squares += (million[i]! ** 2 - 1) * (million[i - 1]! ** 2 - 1);
  }
  expect(Math.abs(product)).toBeLessThan(4 * Math.sqrt(million.length));
  expect(Math.abs(squares)).toBeLessThan(4 * 2 * Math.sqrt(million.length));
});

test('mean and std shift and scale in float32', () => {
  const options = { mean: 0.5, std: 0.02 };
  const scaled = fillNormal(stream(1, 'quality'), new Float32Array(1000), options);
  scaled.forEach((value, i) => {
    expect(value).toBe(Math.fround(Math.fround(million[i]! * Math.fround(0.02)) + 0.5));
  });
});

import { expect, test } from 'vitest';
import { type Distribution, materialize, planPrototype } from '../src/index.ts';

const n = 200_000;
const fanIn = 72;
const layers = [{ name: 'only', shape: [n], fanIn }];
const draw = (distribution: Distribution, options = {}): Float32Array =>
  materialize(planPrototype(layers, { strategy: 'full', distribution, ...options }))[0]!;
const moment = (values: Float32Array, k: number): number =>
  values.reduce((sum, value) => sum + value ** k, 0) / n;

// Variance and fourth moment over its square, in closed form; the sampling error follows from both.
test.each([
  ['kaiming-normal', {}, 2 / fanIn, 3],
  ['kaiming-uniform', {}, 2 / fanIn, 9 / 5],
  ['signed-constant', {}, 2 / fanIn, 1],
  ['normal', { std: 0.3 }, 0.09, 3],
  ['normal', {}, 0.0025, 3],
  ['uniform', { limit: 0.6 }, 0.12, 9 / 5],
  ['uniform', {}, 0.0025 / 3, 9 / 5],
] as const)(
  '%s with %o has its variance and its kurtosis',
  (distribution, options, variance, kurtosis) => {
    const values = draw(distribution, options);
    expect(Math.abs(moment(values, 1))).toBeLessThan(4 * Math.sqrt(variance / n));
    const error = 4 * Math.sqrt((kurtosis - 1) / n) + 1e-6;
    expect(Math.abs(moment(values, 2) / variance - 1)).toBeLessThan(error);
    expect(moment(values, 4) / variance ** 2 / kurtosis).toBeCloseTo(1, 1);
  },
);

test('the bounded distributions keep their bounds', () => {
  const limit = Math.fround(Math.sqrt(6 / fanIn));
  expect(draw('kaiming-uniform').every((value) => value >= -limit && value < limit)).toBe(true);
  const magnitude = Math.fround(Math.sqrt(2 / fanIn));
  expect(new Set(draw('signed-constant'))).toEqual(new Set([magnitude, -magnitude]));
});

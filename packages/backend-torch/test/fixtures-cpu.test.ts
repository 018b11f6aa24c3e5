import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixtureErrors } from './fixtures/check.ts';
import { type Fixture, fixtures } from './fixtures/load.ts';

// The fixtures and their reader checked against a third implementation, on every machine. tfjs' own cpu kernels
// add up in float32 or lose digits in a formula here and there (its erf is good to 1e-7), hence looser bounds.
beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Where the cpu kernels of tfjs 4.22 are wrong, not inexact: these must fail, or the list is out of date. */
const defects: readonly [pattern: RegExp, why: string][] = [
  [
    /^matMul \[2, 1\]\[3\]/,
    'counts batches as the larger product of batch axes, not as their broadcast',
  ],
  [/^avgPool.* same$/, 'the gradient divides by the whole window where the edge cuts it'],
  [/^resizeBilinear, aligned$/, 'the gradient swaps height and width'],
  [/^resizeNearestNeighbor$/, 'the gradient is wrong for more than one image'],
];
const isDefect = ({ name }: Fixture): boolean => {
  const whole = name.startsWith('avgPool 1 x 1');
  return !whole && defects.some(([pattern]) => pattern.test(name));
};

describe.each([...new Set(fixtures.map(({ family }) => family))])('%s', (family) => {
  const own = fixtures.filter((fixture) => fixture.family === family);
  const right = (fixture: Fixture): void => {
    const { forward, gradient } = fixtureErrors(fixture);
    expect(forward).toBeLessThanOrEqual(1e-5);
    expect(gradient).toBeLessThanOrEqual(5e-5);
  };
  for (const fixture of own)
    (isDefect(fixture) ? test.fails : test)(fixture.name, () => right(fixture));
});

test('the comparison sees a wrong number, a wrong shape and a NaN', () => {
  const sum = fixtures.find(({ name }) => name === 'add, equal')!;
  expect(fixtureErrors({ ...sum, op: 'sub' }).forward).toBeGreaterThan(1e-2);
  expect(fixtureErrors({ ...sum, dy: sum.inputs[0]! }).gradient).toBeGreaterThan(1e-2);
  expect(() => fixtureErrors({ ...sum, op: 'dot' })).toThrow();
  const negative = { ...sum, op: 'log', inputs: [sum.inputs[0]!] };
  expect(fixtureErrors({ ...negative, dy: undefined! }).forward).toBe(Number.POSITIVE_INFINITY);
});

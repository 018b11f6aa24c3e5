import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  compositePartition,
  deltasOf,
  jitterPartition,
  randomSize,
  selectedPartition,
  sharedPositions,
  trainablePositions,
  uniformPartition,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

function ascends(list: ArrayLike<number>): boolean {
  return Array.from(list).every((x, i) => x >= (i === 0 ? 0 : list[i - 1]!) && x <= 1);
}

const size = fc.integer({ min: 1, max: 60 });
const alignment = fc.constantFrom('cells' as const, 'corners' as const);
const deltas = fc.array(fc.float({ min: -5, max: 5, noNaN: true }), {
  minLength: 2,
  maxLength: 30,
});

test('jittered positions stay in order, in [0, 1], and near where they were', () => {
  fc.assert(
    fc.property(size, alignment, fc.nat(), (n, where, seed) => {
      const before = uniformPartition(n, where);
      const after = jitterPartition(before, { jitter: 1, seed });
      expect(ascends(after)).toBe(true);
      after.forEach(
        (x, i) =>
          void expect(Math.abs(x - before[i]!)).toBeLessThanOrEqual(0.51 / Math.max(1, n - 1)),
      );
      expect(jitterPartition(before, { jitter: 1, seed })).toEqual(after);
    }),
  );
});

test('trainable positions stay in order and in [0, 1] whatever the deltas', () => {
  fc.assert(
    fc.property(deltas, (list) => {
      fc.pre(list.some((d) => Math.abs(d) > 1e-3));
      const found = tf.tidy(() => trainablePositions(tf.tensor1d(list)).dataSync());
      expect(found.length).toBe(list.length - 1);
      expect(ascends(found)).toBe(true);
    }),
  );
});

test('deltas give their positions back', () => {
  fc.assert(
    fc.property(size, alignment, fc.nat(), (n, where, seed) => {
      const positions = jitterPartition(uniformPartition(n, where), { seed });
      const found = tf.tidy(() => trainablePositions(tf.tensor1d(deltasOf(positions))).dataSync());
      found.forEach((x, i) => void expect(x).toBeCloseTo(positions[i]!, 5));
    }),
  );
});

test('one set of deltas serves every size, in order, and passes through its own knots', () => {
  fc.assert(
    fc.property(deltas, size, alignment, (list, n, where) => {
      fc.pre(list.some((d) => Math.abs(d) > 1e-3));
      tf.tidy(() => {
        const d = tf.tensor1d(list);
        expect(ascends(sharedPositions(d, uniformPartition(n, where)).dataSync())).toBe(true);
        const k = list.length;
        const knots = Array.from({ length: k - 1 }, (_, i) => (i + 1) / k);
        const at = sharedPositions(d, knots).dataSync();
        const own = trainablePositions(d).dataSync();
        at.forEach((x, i) => void expect(x).toBeCloseTo(own[i]!, 5));
      });
    }),
  );
});

test('a trainable partition finds where two steps of a function are', () => {
  // Midpoints of steps at 0.2 and 0.7 from positions that start at 1/3 and 2/3.
  const d = tf.variable(tf.tensor1d(deltasOf([1 / 3, 2 / 3])));
  const optimizer = tf.train.adam(0.02);
  for (let step = 0; step < 300; step++) {
    optimizer.minimize(() =>
      trainablePositions(d as unknown as tf.Tensor1D)
        .sub(tf.tensor1d([0.2, 0.7]))
        .square()
        .sum(),
    );
  }
  const found = trainablePositions(d as unknown as tf.Tensor1D).dataSync();
  expect(found[0]).toBeCloseTo(0.2, 2);
  expect(found[1]).toBeCloseTo(0.7, 2);
});

describe('random sizes', () => {
  const draws = (distribution: 'uniform' | 'half-normal') =>
    Array.from({ length: 4000 }, (_, i) =>
      randomSize({ min: 5, max: 8, distribution }, 3, `step/${i}`),
    );

  test('are uniform', () => {
    const list = draws('uniform');
    for (const n of [5, 6, 7, 8]) {
      // Four standard deviations of a binomial count.
      expect(Math.abs(list.filter((x) => x === n).length - 1000)).toBeLessThan(4 * 27.4);
    }
  });

  test('are half normal: the largest most often, in the shares of the distribution', () => {
    const list = draws('half-normal');
    // Shares of |z| within 0.5, 1, 1.5, 2 over the share within 2.
    const within = [0.38292, 0.68269, 0.86639, 0.9545];
    [8, 7, 6, 5].forEach((n, i) => {
      const p = (within[i]! - (within[i - 1] ?? 0)) / 0.9545;
      const deviation = Math.sqrt(4000 * p * (1 - p));
      const count = list.filter((x) => x === n).length;
      expect(Math.abs(count - 4000 * p)).toBeLessThan(4 * deviation);
    });
  });

  test('depend on seed and name alone', () => {
    const range = { min: 1, max: 1000 };
    expect(randomSize(range, 1, 'a')).toBe(randomSize(range, 1, 'a'));
    expect(randomSize(range, 1, 'a')).not.toBe(randomSize(range, 1, 'b'));
    expect(randomSize(range, 1, 'a')).not.toBe(randomSize(range, 2, 'a'));
  });
});

test('the most important channels are selected in their order', () => {
  expect(Array.from(selectedPartition([1, 5, 3, 5, 0], 3))).toEqual([0.25, 0.5, 0.75]);
  expect(Array.from(selectedPartition([2, 2, 2], 1, 'cells'))).toEqual([1 / 6]);
});

test('a composite partition is its parts one after the other', () => {
  fc.assert(
    fc.property(size, size, (a, b) => {
      const parts = [a, b].map((n) => ({ positions: uniformPartition(n, 'cells'), extent: n }));
      const whole = compositePartition(parts);
      const expected = uniformPartition(a + b, 'cells');
      whole.forEach((x, i) => void expect(x).toBeCloseTo(expected[i]!, 12));
    }),
  );
});

test('bad input is named', () => {
  expect(() => uniformPartition(0)).toThrow('at least 1, got 0');
  expect(() => jitterPartition([0, 1], { jitter: 2 })).toThrow('from 0 to 1, got 2');
  expect(() => selectedPartition([1, 2], 3)).toThrow('3 channels asked for, there are 2');
  expect(() => selectedPartition([1, Number.NaN], 1)).toThrow('NaN');
  expect(() => compositePartition([])).toThrow('at least one part');
  expect(() => deltasOf([0.5, 0.2])).toThrow('node 1 is 0.2 after 0.5');
  expect(() => randomSize({ min: 4, max: 3 }, 0, '')).toThrow('max');
});

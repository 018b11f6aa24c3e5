import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  areaMatrix,
  basisMatrix,
  basisTensor,
  evaluate,
  type InterpolationOptions,
  parity,
  type SparseMatrix,
  toDense,
  uniformPartition,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

function apply({ rows, starts, columns, values }: SparseMatrix, x: ArrayLike<number>): number[] {
  return Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let i = starts[r]!; i < starts[r + 1]!; i++) sum += values[i]! * x[columns[i]!]!;
    return sum;
  });
}

/** The largest error of interpolating f from m nodes, looked for at 10,001 places. */
function errorOf(f: (x: number) => number, m: number, options: InterpolationOptions = {}): number {
  const at = Float64Array.from({ length: 10_001 }, (_, i) => i / 10_000);
  const nodes = uniformPartition(m, options.alignment ?? 'corners');
  const found = apply(basisMatrix(at, m, options), nodes.map(f));
  return found.reduce((worst, y, i) => Math.max(worst, Math.abs(y - f(at[i]!))), 0);
}

const wave = (x: number) => Math.sin(6 * x + 0.3);

describe('sin(6 x + 0.3) from 128 nodes', () => {
  test("is off by 6.8e-6 Keys' way", () => {
    expect(errorOf(wave, 128)).toBeGreaterThan(6.7e-6);
    expect(errorOf(wave, 128)).toBeLessThan(6.9e-6);
  });

  test('is off by 4.5e-3 the way of grid_sample', () => {
    expect(errorOf(wave, 128, parity)).toBeGreaterThan(4.4e-3);
    expect(errorOf(wave, 128, parity)).toBeLessThan(4.6e-3);
  });

  test('converges with order 3, with clamped ends 1', () => {
    const order = (options: InterpolationOptions) =>
      Math.log2(errorOf(wave, 65, options) / errorOf(wave, 129, options));
    expect(order({})).toBeGreaterThan(2.8);
    expect(order({ alignment: 'cells' })).toBeGreaterThan(2.5);
    expect(order({ kernel: 'linear' })).toBeCloseTo(2, 1);
    expect(order({ boundary: 'clamp' })).toBeLessThan(1.3);
  });
});

describe.each(['corners', 'cells'] as const)('with coefficients at the %s', (alignment) => {
  test.each([
    ['cubic', 2],
    ['linear', 1],
  ] as const)('%s is exact on polynomials of degree %i', (kernel, degree) => {
    for (const m of [3, 8, 33]) {
      expect(errorOf((x) => (x - 0.3) ** degree, m, { alignment, kernel })).toBeLessThan(1e-13);
    }
  });

  test('a = -0.75 fails on a straight line', () => {
    expect(errorOf((x) => x, 33, { a: -0.75, alignment })).toBeGreaterThan(1e-3);
  });

  test('rows add up to one, and at the nodes the matrix is the identity', () => {
    const positions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(positions, fc.integer({ min: 1, max: 40 }), (at, m) => {
        for (const options of [{}, parity, { kernel: 'linear' as const }]) {
          for (const sum of apply(
            basisMatrix(at, m, { ...options, alignment }),
            Array(m).fill(1),
          )) {
            expect(sum).toBeCloseTo(1, 12);
          }
        }
        const own = toDense(basisMatrix(uniformPartition(m, alignment), m, { alignment }));
        expect(own.every((value, i) => value === (i % (m + 1) === 0 ? 1 : 0))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('area averages keep constants and see every coefficient', () => {
    const m = 64;
    const matrix = areaMatrix(uniformPartition(9, alignment), m, { alignment });
    for (const sum of apply(matrix, Array(m).fill(1))) expect(sum).toBeCloseTo(1, 12);
    const seen = new Set(matrix.columns);
    expect(seen.size).toBe(m);
    // The finest wave there is vanishes in an average, and aliases without one.
    const finest = Float64Array.from({ length: m }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const inner = (list: number[]) => Math.max(...list.slice(2, -2).map(Math.abs));
    expect(inner(apply(matrix, finest))).toBeLessThan(0.02);
    const point = basisMatrix(uniformPartition(9, 'corners'), m, { alignment: 'corners' });
    expect(inner(apply(point, finest))).toBeGreaterThan(0.5);
  });

  test('area averages are point samples where there is nothing to average', () => {
    const at = uniformPartition(20, alignment);
    expect(areaMatrix(at, 10, { alignment })).toEqual(basisMatrix(at, 10, { alignment }));
  });
});

describe("against PyTorch's grid_sample in float64", () => {
  interface Case {
    mode: 'bicubic' | 'bilinear';
    alignment: 'corners' | 'cells';
    shape: [number, number];
    coefficients: number[];
    points: number[];
    values: number[];
  }
  const { cases } = JSON.parse(
    readFileSync(new URL('./fixtures/grid-sample.json', import.meta.url), 'utf8'),
  ) as { cases: Case[] };

  test.each(cases)('$mode, $alignment, $shape', ({ mode, alignment, shape, ...data }) => {
    const options = {
      ...parity,
      kernel: mode === 'bicubic' ? 'cubic' : 'linear',
      alignment,
    } as const;
    const [m1, m2] = shape;
    const column = (dim: number) => data.points.filter((_, i) => i % 2 === dim);
    const rows = toDense(basisMatrix(column(0), m1, options));
    const cols = toDense(basisMatrix(column(1), m2, options));
    data.values.forEach((expected, p) => {
      let found = 0;
      for (let i = 0; i < m1; i++) {
        for (let j = 0; j < m2; j++) {
          found += rows[p * m1 + i]! * cols[p * m2 + j]! * data.coefficients[i * m2 + j]!;
        }
      }
      expect(found).toBeCloseTo(expected, 12);
    });
    tf.tidy(() => {
      const points = tf.tensor2d(data.points, [data.values.length, 2]);
      const found = evaluate(tf.tensor2d(data.coefficients, shape), points, options).dataSync();
      data.values.forEach((expected, p) => void expect(found[p]).toBeCloseTo(expected, 4));
    });
  });
});

describe('gradients', () => {
  test('of the basis in the positions are finite differences', () => {
    const at = [0.02, 0.31, 0.5, 0.77, 0.99];
    const m = 6;
    const weights = Array.from({ length: m }, (_, i) => Math.sin(i * i));
    for (const alignment of ['corners', 'cells'] as const) {
      const value = (list: number[]) => apply(basisMatrix(list, m, { alignment }), weights);
      const gradient = tf.tidy(() =>
        tf
          .grad((p: tf.Tensor) =>
            basisTensor(p as tf.Tensor1D, m, { alignment })
              .mul(tf.tensor1d(weights))
              .sum(),
          )(tf.tensor1d(at))
          .dataSync(),
      );
      const h = 1e-6;
      at.forEach((p, i) => {
        const [up, down] = [p + h, p - h].map((q) => value(at.with(i, q))[i]!);
        expect(gradient[i]).toBeCloseTo((up! - down!) / (2 * h), 3);
      });
    }
  });

  test('in two dims reach coefficients and points', () => {
    const f = (c: tf.Tensor, p: tf.Tensor) => evaluate(c, p as tf.Tensor2D).sum();
    const [dc, dp] = tf.grads(f)([tf.ones([4, 5]), tf.tensor2d([[0.2, 0.6]])]) as [
      tf.Tensor,
      tf.Tensor,
    ];
    expect(dc.sum().dataSync()[0]).toBeCloseTo(1, 5);
    for (const g of dp.dataSync()) expect(g).toBeCloseTo(0, 5);
  });
});

test('values at a point may have more axes', () => {
  const coefficients = tf.tensor3d([0, 1, 2, 3, 4, 5, 6, 7], [2, 2, 2]);
  const found = evaluate(coefficients, tf.tensor2d([[0.5, 0.5]]), { kernel: 'linear' });
  expect(found.shape).toEqual([1, 2]);
  expect(Array.from(found.dataSync())).toEqual([3, 4]);
});

test('bad input is named', () => {
  expect(() => basisMatrix([0.5, 1.1], 4)).toThrow('position 1 is 1.1');
  expect(() => basisMatrix([0.5], 0)).toThrow('at least 1, got 0');
  expect(() => basisMatrix([0.5], 4, { kernel: 'quartic' as never })).toThrow('linear, cubic');
  expect(() => basisMatrix([0.5], 4, { A: 1 } as never)).toThrow("unknown option 'A'");
  expect(() => evaluate(tf.ones([3]), tf.ones([1, 2]))).toThrow('[1,2] over [3]');
});

test('nothing leaks', () => {
  const c = tf.ones([4, 5]);
  const p = tf.tensor2d([[0.2, 0.6]]);
  const before = tf.memory().numTensors;
  evaluate(c, p).dispose();
  basisTensor(
    tf.tidy(() => tf.tensor1d([0.5])),
    4,
  ).dispose();
  expect(tf.memory().numTensors).toBe(before + 1);
});

import { fillNormal, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { distanceMatrix, solve } from '../src/index.ts';
import { compiledL1, portableL1 } from '../src/l1.ts';

const normal = (length: number, seed = 0): Float32Array =>
  fillNormal(stream(seed, 'test/weights'), new Float32Array(length));

/** |slice i - slice j| in float64, straight from the definition. */
function l1(
  data: Float32Array,
  shape: readonly number[],
  axis: number,
  i: number,
  j: number,
): number {
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channels = shape[axis]!;
  let sum = 0;
  for (let at = 0; at < data.length; at++) {
    if (Math.floor(at / stride) % channels !== i) continue;
    sum += Math.abs(data[at]! - data[at + (j - i) * stride]!);
  }
  return sum;
}

describe('distanceMatrix', () => {
  it.each([
    [[7, 600], 0],
    [[600, 7], 1],
    [[3, 3, 10, 9], 2],
    [[3, 3, 10, 9], 3],
    [[4, 5, 260], 1],
    [[2, 1], 0],
    [[13], 0],
  ])('is the sum of absolute differences (shape %o, axis %i)', (shape, axis) => {
    const data = normal(shape.reduce((a, b) => a * b, 1));
    const matrix = distanceMatrix([{ data, shape, axis }], 'per-weight');
    const n = shape[axis]!;
    expect(matrix.n).toBe(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const expected = l1(data, shape, axis, i, j);
        expect(Math.abs(matrix.data[i * n + j]! - expected)).toBeLessThanOrEqual(2e-6 * expected);
      }
    }
  });

  it('sums over tensors with a weight each', () => {
    const first = { data: normal(60, 1), shape: [6, 10] };
    const second = { data: normal(36, 2), shape: [6, 6], axis: 1 };
    const distance = (at: number, weights: [number, number]): number =>
      weights[0] * l1(first.data, first.shape, 0, 0, at) +
      weights[1] * l1(second.data, second.shape, 1, 0, at);
    const given = distanceMatrix([first, second], [2, 0.5]);
    const tensors = distanceMatrix([first, second]);
    const weights = distanceMatrix([first, second], 'per-weight');
    for (let j = 1; j < 6; j++) {
      expect(given.data[j]).toBeCloseTo(distance(j, [2, 0.5]), 4);
      expect(tensors.data[j]).toBeCloseTo(distance(j, [1 / 60, 1 / 36]), 5);
      expect(weights.data[j]).toBeCloseTo(distance(j, [1, 1]), 4);
    }
  });

  it('gives what solve takes', () => {
    const matrix = distanceMatrix([{ data: normal(40 * 30), shape: [40, 30] }]);
    const { length, identityLength } = solve(matrix, { kicks: 100 });
    expect(length).toBeLessThan(identityLength);
  });

  it.each([1, 2, 3, 4, 5, 9])('has the same bits compiled and portable (%i rows)', (n) => {
    const compiled = compiledL1(n)!;
    const portable = portableL1(n);
    for (const [round, weight] of [1, 0.3].entries()) {
      const values = normal(n * compiled.length, round);
      compiled.chunk.set(values);
      portable.chunk.set(values);
      compiled.add(weight);
      portable.add(weight);
    }
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const at = i * compiled.rows + j;
        expect(compiled.sums[at]).toBe(portable.sums[at]);
      }
    }
  });

  it.each([
    ['no tensor', [], undefined, /there must be a tensor/],
    [
      'shapes',
      [{ data: new Float32Array(5), shape: [2, 3] }],
      undefined,
      /has 6 values; data holds 5/,
    ],
    ['axis', [{ data: new Float32Array(6), shape: [2, 3], axis: 2 }], undefined, /no axis 2/],
    [
      'channels',
      [
        { data: new Float32Array(6), shape: [2, 3] },
        { data: new Float32Array(6), shape: [3, 2] },
      ],
      undefined,
      /tensor 1 has 3 channels, tensor 0 has 2/,
    ],
    [
      'weights',
      [{ data: new Float32Array(6), shape: [2, 3] }],
      [1, 2],
      /as many weights; there are 2/,
    ],
    ['a weight', [{ data: new Float32Array(6), shape: [2, 3] }], [-1], /weight 0 is -1/],
    [
      'NaN',
      [{ data: Float32Array.of(1, NaN), shape: [2, 1] }],
      undefined,
      /channels 0 and 1 is NaN/,
    ],
  ])('refuses wrong %s', (_, slices, weights, message) => {
    expect(() => distanceMatrix(slices, weights)).toThrow(message);
  });
});

import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { selectTopK, topKMask } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** By a stable sort of the indices: larger |score| first, NaN last. */
function bySorting(scores: Float32Array, k: number): Float32Array {
  const size = (i: number) => (Number.isNaN(scores[i]) ? -1 : Math.abs(scores[i]!));
  const order = Array.from(scores, (_, i) => i).sort((a, b) => size(b) - size(a) || a - b);
  const mask = new Float32Array(scores.length);
  for (const i of order.slice(0, k)) mask[i] = 1;
  return mask;
}

describe('selectTopK', () => {
  const few = fc.constantFrom(
    0,
    -0,
    1,
    -1,
    1 + 2 ** -23,
    2 ** -149,
    -3e38,
    Infinity,
    -Infinity,
    NaN,
  );
  test('is what sorting gives, for any floats, ties, zeros, infinities and NaN', () => {
    const scores = fc.array(fc.oneof(fc.float(), few), { maxLength: 200 });
    fc.assert(
      fc.property(scores, fc.nat(), (list, pick) => {
        const array = Float32Array.from(list);
        const k = pick % (array.length + 1);
        expect(selectTopK(array, k)).toEqual(bySorting(array, k));
      }),
      { numRuns: 2000 },
    );
  });

  test('is what sorting gives when the magnitudes differ in their lowest bits only', () => {
    const bits = new Uint32Array(5000).map((_, i) => 0x3f800000 + ((i * 2654435761) % 1500));
    const array = new Float32Array(bits.buffer);
    for (const k of [1, 17, 2500, 4999]) expect(selectTopK(array, k)).toEqual(bySorting(array, k));
  });

  test('reads a view that does not start at its buffer', () => {
    const view = new Float32Array([9, 9, 1, -3, 2]).subarray(2);
    expect([...selectTopK(view, 1)]).toEqual([0, 1, 0]);
  });

  test.each([-1, 4, 1.5, Number.NaN])('refuses k = %s of three scores', (k) => {
    expect(() => selectTopK(new Float32Array(3), k)).toThrow(/an integer in 0\.\.3/);
  });
});

describe('topKMask', () => {
  test('keeps the shape and leaves a zero gradient', () => {
    const scores = tf.tensor2d([1, -3, 2, 3, 0.5, -2], [2, 3]);
    expect(topKMask(scores, 3).arraySync()).toEqual([
      [0, 1, 1],
      [1, 0, 0],
    ]);
    const gradient = tf.grad((s) => topKMask(s, 3).mul(s).sum())(scores);
    // Of mask * scores only the factor scores has a slope: the mask.
    expect(gradient.arraySync()).toEqual([
      [0, 1, 1],
      [1, 0, 0],
    ]);
  });

  test('refuses k above the number of scores', () => {
    expect(() => topKMask(tf.ones([2, 2]), 5)).toThrow(/an integer in 0\.\.4/);
  });
});

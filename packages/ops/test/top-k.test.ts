import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { keepTopK, selectTopK, TopKMemory, topKMask } from '../src/index.ts';

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

describe('keepTopK', () => {
  const values = tf.tensor2d([5, 6, 7, 8, 9, 10], [2, 3]);
  const scores = tf.tensor2d([1, -3, 2, 3, 0.5, -2], [2, 3]);

  test('gives the values of the largest scores, which alone have a gradient', () => {
    expect(keepTopK(values, scores, 3).arraySync()).toEqual([
      [0, 6, 7],
      [8, 0, 0],
    ]);
    const [toValues, toScores] = tf.grads((v, s) => keepTopK(v, s, 3).mul(v).sum())([
      values,
      scores,
    ]);
    // Of mask * v * v: 2 v where the mask is 1.
    expect(toValues!.arraySync()).toEqual([
      [0, 12, 14],
      [16, 0, 0],
    ]);
    expect(toScores!.dataSync().every((slope) => slope === 0)).toBe(true);
  });

  test('gives the same with a memory, used again and again', () => {
    const memory = new TopKMemory();
    for (let call = 0; call < 4; call++) {
      expect(keepTopK(values, scores, 2, { memory }).arraySync()).toEqual([
        [0, 6, 0],
        [8, 0, 0],
      ]);
    }
  });

  test('refuses values of another shape, and a broken k', () => {
    expect(() => keepTopK(tf.ones([6]), scores as tf.Tensor, 3)).toThrow(
      /keepTopK: expected values of the shape of scores, \[2,3\], got \[6\]/,
    );
    expect(() => keepTopK(values, scores, 7)).toThrow(/keepTopK: expected k .* 0\.\.6/);
  });
});

describe('TopKMemory', () => {
  test('says nothing before it saw the threshold twice, then where a steady drift leads', () => {
    const memory = new TopKMemory();
    expect(memory.bracket()).toBeNull();
    memory.remember(1_000_000);
    expect(memory.bracket()).toBeNull();
    for (let step = 1; step <= 30; step++) memory.remember(1_000_000 + 5000 * step);
    const { low, high } = memory.bracket()!;
    expect(low).toBeLessThanOrEqual(1_155_000);
    expect(high).toBeGreaterThanOrEqual(1_155_000);
    // The one error, of the first step, has faded.
    expect(high - low).toBeLessThan(5000);
  });

  test('widens after a miss and narrows while it is right', () => {
    const memory = new TopKMemory();
    const width = () => memory.bracket()!.high - memory.bracket()!.low;
    for (let step = 0; step < 50; step++) memory.remember(500_000_000);
    const calm = width();
    memory.remember(500_400_000);
    const startled = width();
    expect(startled).toBeGreaterThanOrEqual(800_000);
    for (let step = 0; step < 100; step++) memory.remember(500_400_000);
    expect(width()).toBe(calm);
    memory.remember(0x7fffffff);
    expect(memory.bracket()!.high).toBe(0x7fffffff);
    memory.remember(0);
    expect(memory.bracket()!.low).toBe(0);
  });
});

import { expect, test } from 'vitest';
import { materialize, planPrototype } from '../src/index.ts';

test('random-vector padding repeats floor(N * ratio) + 1 values from the start of every layer', () => {
  const plan = planPrototype(
    [
      { name: 'a', shape: [3, 5], fanIn: 3 },
      { name: 'b', shape: [10, 10], fanIn: 10 },
    ],
    { ratio: 0.06, distribution: 'kaiming-normal' },
  );
  expect(plan.uniqueValues).toBe(7);
  const [a, b] = materialize(plan) as [Float32Array, Float32Array];
  expect(new Set(b).size).toBe(7);
  b.forEach((value, i) => {
    expect(value).toBe(b[i % 7]);
    if (i < a.length) expect(a[i]).toBe(value);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { distillationLoss } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const teacher = [
  [1, 2, 3.5],
  [-1, 40, 0],
  [0.2, 0.1, 0.3],
];
const student = [
  [0.5, -2, 3],
  [4, 1, 0],
  [0.2, 0.1, 0.3],
];

/** In float64, term by term. */
function reference(t: number[][], s: number[][], temperature: number): number {
  const softmax = (row: number[]) => {
    const e = row.map((x) => Math.exp((x - Math.max(...row)) / temperature));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((x) => x / sum);
  };
  const rows = t.map((row, i) => {
    const [p, q] = [softmax(row), softmax(s[i] as number[])];
    return p.reduce((kl, pk, k) => kl + (pk === 0 ? 0 : pk * Math.log(pk / (q[k] as number))), 0);
  });
  return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / t.length;
}

test.each([1, 2, 4, 10])('is T^2 KL at temperature %d, and so is its gradient', (temperature) => {
  const t = tf.tensor2d(teacher);
  const loss = (s: tf.Tensor) => distillationLoss(t, s, { temperature });
  const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d(student));
  expect(value.dataSync()[0]).toBeCloseTo(reference(teacher, student, temperature), 4);
  const gradient = grad.arraySync() as number[][];
  const h = 1e-6;
  student.forEach((row, i) => {
    row.forEach((_, k) => {
      const moved = (by: number) =>
        student.map((r, a) => r.map((x, b) => (a === i && b === k ? x + by : x)));
      const slope =
        (reference(teacher, moved(h), temperature) - reference(teacher, moved(-h), temperature)) /
        (2 * h);
      expect(gradient[i]?.[k]).toBeCloseTo(slope, 4);
    });
  });
});

test('is zero for equal logits, leaks nothing, and says what does not fit', () => {
  const t = tf.tensor2d(teacher);
  const before = tf.memory().numTensors;
  const loss = distillationLoss(t, t);
  expect(Math.abs(loss.dataSync()[0] as number)).toBeLessThan(1e-5);
  loss.dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(() => distillationLoss(t, tf.ones([3, 2]))).toThrow(/logits of one shape/);
  expect(() => distillationLoss(t, t, { temperature: 0 })).toThrow(/temperature above 0/);
});

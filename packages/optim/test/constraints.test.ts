import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  adamw,
  binary,
  type Constraint,
  constrain,
  pruned,
  type SlotOptimizer,
  sgd,
  ternary,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const start = [0.3, -0.2, 0.5, 0.7, -0.1, 0, -0.9, 0.4];
const values = (variable: tf.Variable) => [...variable.dataSync()];

function variables(kernel = start, bias = [0.1, -0.4]) {
  return [tf.variable(tf.tensor2d(kernel, [4, 2])), tf.variable(tf.tensor1d(bias))] as const;
}

function takeSteps(
  optimizer: SlotOptimizer,
  weights: readonly tf.Variable[],
  from: number,
  to: number,
) {
  const [kernel, bias] = weights as [tf.Variable, tf.Variable];
  for (let step = from; step < to; step++) {
    optimizer.learningRate = 0.02 * (step + 1);
    const x = tf.tensor2d([Math.sin(step), 1, -0.5, Math.cos(step)], [1, 4]);
    optimizer.minimize(
      () => x.matMul(kernel).add(bias).tanh().square().mean() as tf.Scalar,
      false,
      [kernel, bias],
    );
    x.dispose();
  }
}

const constraints: [string, () => Constraint][] = [
  ['pruned', pruned],
  ['binary', binary],
  [
    'binary, balanced, error-decay',
    () => binary({ balance: true, estimator: 'error-decay', total: 10 }),
  ],
  ['ternary', ternary],
];

describe.each(constraints)('%s', (_, make) => {
  test.each([
    ['adamw', () => adamw({ learningRate: 1, weightDecay: 0.1 })],
    ['sgd', () => sgd({ learningRate: 1, momentum: 0.9, weightDecay: 0.1 })],
  ])(
    'with %s: 5 steps, saved, restored, and 5 more give the bits of 10, and leak nothing',
    (_, inner) => {
      const straight = variables();
      const whole = constrain(inner(), make());
      takeSteps(whole, straight, 0, 2);
      const { numTensors } = tf.memory();
      takeSteps(whole, straight, 2, 10);
      expect(tf.memory().numTensors).toBe(numTensors);

      const first = variables();
      const before = constrain(inner(), make());
      takeSteps(before, first, 0, 5);
      const second = variables(values(first[0]), values(first[1]));
      const after = constrain(inner(), make());
      after.setState(before.getState());
      takeSteps(after, second, 5, 10);
      expect(second.map(values)).toEqual(straight.map(values));
    },
  );
});

test('pruned weights stay zero, the others go where a kernel without them would', () => {
  const [kernel, bias] = variables([0.3, -0.2, 0, 0, 0, 0, -0.9, 0.4]);
  takeSteps(
    constrain(adamw({ learningRate: 1, weightDecay: 0.1 }), pruned()),
    [kernel, bias],
    0,
    6,
  );
  const small = tf.variable(tf.tensor2d([0.3, -0.2, -0.9, 0.4], [2, 2]));
  const other = variables()[1];
  const optimizer = adamw({ learningRate: 1, weightDecay: 0.1 });
  for (let step = 0; step < 6; step++) {
    optimizer.learningRate = 0.02 * (step + 1);
    const x = tf.tensor2d([Math.sin(step), Math.cos(step)], [1, 2]);
    optimizer.minimize(() => x.matMul(small).add(other).tanh().square().mean() as tf.Scalar);
  }
  const [a, b, , , , , c, d] = values(kernel);
  expect(values(kernel).slice(2, 6)).toEqual([0, 0, 0, 0]);
  const wanted = values(small);
  for (const [i, value] of [a, b, c, d].entries()) expect(value).toBeCloseTo(wanted[i]!, 6);
  for (const [i, value] of values(bias).entries()) expect(value).toBeCloseTo(values(other)[i]!, 6);
});

/** One step whose gradient on the kernel is `gradient`; returns kernel and what lies behind it. */
function oneStep(constraint: Constraint, kernel: number[], gradient: number[], steps = 1) {
  const variable = tf.variable(tf.tensor2d(kernel, [kernel.length, 1]));
  const optimizer = constrain(sgd({ learningRate: 0.5 }), constraint);
  const slope = tf.tensor2d(gradient, [kernel.length, 1]);
  for (let step = 0; step < steps; step++) {
    optimizer.minimize(() => variable.mul(slope).sum() as tf.Scalar, false, [variable]);
  }
  return { kernel: values(variable), latent: [...optimizer.getState().slots[0]!.values.at(-1)!] };
}

describe('quantised weights, against the formulas by hand', () => {
  test('binary: mean magnitude times sign; no gradient beyond 1', () => {
    const { kernel, latent } = oneStep(binary(), [0.5, -0.25, 2], [1, 1, 1]);
    // 0.5 - 0.5, -0.25 - 0.5, and 2 is out of reach.
    expect(latent).toEqual([0, -0.75, 2]);
    const scale = Math.fround(2.75 / 3);
    for (const [i, sign] of [1, -1, 1].entries()) expect(kernel[i]).toBeCloseTo(sign * scale, 6);
  });

  test('binary, balanced: signs of what is left without the mean', () => {
    const { kernel } = oneStep(binary({ balance: true }), [1, 2, 3, 6], [0, 0, 0, 0]);
    expect(kernel).toEqual([-3, -3, 3, 3]);
  });

  test('error decay: a line at first, a step at the end', () => {
    const constraint = binary({ estimator: 'error-decay', total: 2 });
    // t = 0.1, k = 10: 1 - tanh(0.1 x)^2; then t = 1, k = 1.
    const x0 = 0.8;
    const x1 = x0 - 0.5 * (1 - Math.tanh(0.1 * x0) ** 2);
    const x2 = x1 - 0.5 * (1 - Math.tanh(x1) ** 2);
    expect(oneStep(constraint, [x0], [1], 1).latent[0]).toBeCloseTo(x1, 6);
    expect(oneStep(constraint, [x0], [1], 2).latent[0]).toBeCloseTo(x2, 6);
    expect(() => binary({ estimator: 'error-decay' })).toThrow('needs total');
  });

  test('ternary: zero below 0.7 of the mean magnitude, else the mean of the kept', () => {
    // The mean magnitude is 1.5, the threshold 1.05.
    const { kernel } = oneStep(ternary(), [3, -1, 0.5, -1.5], [0, 0, 0, 0]);
    expect(kernel).toEqual([2.25, 0, 0, -2.25]);
    expect(() => ternary({ threshold: -1 })).toThrow('expected threshold');
  });
});

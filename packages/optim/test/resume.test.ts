import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamw, type SlotOptimizer, sgd } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const START = { kernel: [0.3, -0.2, 0.5, 0.7], bias: [0.1, -0.4] };

function variables(values: { kernel: ArrayLike<number>; bias: ArrayLike<number> }) {
  const kernel = tf.variable(tf.tensor2d(Array.from(values.kernel), [2, 2]));
  const bias = tf.variable(tf.tensor1d(Array.from(values.bias)));
  return { kernel, bias };
}

function takeSteps(
  optimizer: SlotOptimizer,
  { kernel, bias }: ReturnType<typeof variables>,
  from: number,
  to: number,
): void {
  for (let step = from; step < to; step++) {
    optimizer.learningRate = 0.01 * (step + 1);
    const x = tf.tensor2d([Math.sin(step), 1, -0.5, Math.cos(step)], [2, 2]);
    optimizer.minimize(
      () => x.matMul(kernel).add(bias).tanh().square().mean() as tf.Scalar,
      false,
      [kernel, bias],
    );
    x.dispose();
  }
}

describe.each([
  ['adamw', () => adamw({ learningRate: 1, weightDecay: 0.1 })],
  ['sgd', () => sgd({ learningRate: 1 })],
  ['sgd with momentum', () => sgd({ learningRate: 1, momentum: 0.9, weightDecay: 0.1 })],
  ['sgd with Nesterov', () => sgd({ learningRate: 1, momentum: 0.9, nesterov: true })],
])('%s', (_, make) => {
  test('5 steps, saved, restored into new variables, and 5 more give the bits of 10', () => {
    const straight = variables(START);
    const whole = make();
    takeSteps(whole, straight, 0, 10);

    const first = variables(START);
    const before = make();
    takeSteps(before, first, 0, 5);
    const state = before.getState();
    const second = variables({ kernel: first.kernel.dataSync(), bias: first.bias.dataSync() });
    const after = make();
    after.setState(structuredClone(state));
    takeSteps(after, second, 5, 10);

    for (const name of ['kernel', 'bias'] as const) {
      expect(second[name].dataSync()).toEqual(straight[name].dataSync());
      expect(second[name].dataSync()).not.toEqual(first[name].dataSync());
    }
    expect(after.getState().slots.map((slot) => slot.values)).toEqual(
      whole.getState().slots.map((slot) => slot.values),
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { adam, adamw, type SlotOptimizer, sgd } from '../src/index.ts';
import { type Formula, pytorchAdam, pytorchAdamW, pytorchSgd } from './pytorch.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const START = [0.5, -1.25, 2, -0.75, 0.1, 3];
const gradientAt = (step: number) =>
  START.map((value, i) => Math.fround(Math.sin(step * (i + 1)) + 0.1 * value));
const rateAt = (step: number) => 0.05 * (1 + (step % 3));

const cases: [string, () => SlotOptimizer, () => Formula][] = [
  ['AdamW with its defaults', () => adamw({ learningRate: 1 }), () => pytorchAdamW({})],
  [
    'AdamW with all options',
    () => adamw({ learningRate: 1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2 }),
    () => pytorchAdamW({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2 }),
  ],
  [
    'AdamW without decay',
    () => adamw({ learningRate: 1, weightDecay: 0 }),
    () => pytorchAdamW({ weightDecay: 0 }),
  ],
  ['Adam with its defaults', () => adam({ learningRate: 1 }), () => pytorchAdam({})],
  [
    'Adam with all options',
    () => adam({ learningRate: 1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2 }),
    () => pytorchAdam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2 }),
  ],
  ['SGD', () => sgd({ learningRate: 1 }), () => pytorchSgd({})],
  [
    'SGD with decay',
    () => sgd({ learningRate: 1, weightDecay: 0.1 }),
    () => pytorchSgd({ weightDecay: 0.1 }),
  ],
  [
    'SGD with momentum and decay',
    () => sgd({ learningRate: 1, momentum: 0.9, weightDecay: 0.1 }),
    () => pytorchSgd({ momentum: 0.9, weightDecay: 0.1 }),
  ],
  [
    'SGD with Nesterov momentum',
    () => sgd({ learningRate: 1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
    () => pytorchSgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  ],
];

/** Runs both for 40 steps, the rate changing at each; gives the largest difference, relative. */
function compare(optimizer: SlotOptimizer, formula: Formula): number {
  const variable = tf.variable(tf.tensor2d(START, [2, 3]));
  const exact = Float64Array.from(START);
  for (let step = 0; step < 40; step++) {
    optimizer.learningRate = rateAt(step);
    const tensor = tf.tensor2d(gradientAt(step), [2, 3]);
    optimizer.applyGradients([{ name: variable.name, tensor }]);
    tensor.dispose();
    formula(exact, Float64Array.from(gradientAt(step)), rateAt(step));
  }
  const values = variable.dataSync();
  tf.dispose(variable);
  optimizer.dispose();
  return Math.max(...exact.map((v, i) => Math.abs(values[i]! - v) / Math.max(1, Math.abs(v))));
}

describe.each(cases)('%s', (_, make, formula) => {
  afterEach(() => {
    for (const name of ['PleatAdamW', 'PleatSgdMomentum']) {
      if (tf.getKernel(name, 'cpu')) tf.unregisterKernel(name, 'cpu');
    }
  });

  test('follows the formulas in float64 for 40 steps', () => {
    expect(compare(make(), formula())).toBeLessThan(3e-6);
  });

  test('follows them on kernels of the contract, and asks for these', () => {
    let calls = 0;
    const count = () => {
      calls++;
    };
    registerKernels(count);
    expect(compare(make(), formula())).toBeLessThan(3e-6);
    const slots = make().getConfig().momentum !== 0;
    expect(calls).toBe(slots ? 40 : 0);
  });
});

/** The two kernels of the contract on the cpu backend, by the table's formulas, value by value. */
function registerKernels(count: () => void): void {
  type Values = Record<string, Float64Array>;
  type Attributes = Record<string, number> & { nesterov: boolean };
  const register = (
    kernelName: string,
    outputs: string[],
    run: (values: Values, attrs: Attributes, i: number) => void,
  ) =>
    tf.registerKernel({
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ inputs, attrs }) => {
        count();
        const values: Values = {};
        for (const [name, tensor] of Object.entries(inputs)) {
          values[name] = Float64Array.from((tensor as tf.Tensor).dataSync());
        }
        const { size, shape } = inputs.value as tf.Tensor;
        for (let i = 0; i < size; i++) run(values, attrs as unknown as Attributes, i);
        return outputs.map((name) => tf.tensor(Float32Array.from(values[name]!), shape));
      },
    });
  register('PleatAdamW', ['value', 'm', 'v'], ({ value, gradient, m, v }, a, i) => {
    const g = gradient![i]!;
    value![i]! *= 1 - a.learningRate! * a.weightDecay!;
    m![i] = a.beta1! * m![i]! + (1 - a.beta1!) * g;
    v![i] = a.beta2! * v![i]! + (1 - a.beta2!) * g * g;
    const root = Math.sqrt(v![i]! / a.correction2!) + a.epsilon!;
    value![i]! -= (a.learningRate! * (m![i]! / a.correction1!)) / root;
  });
  register('PleatSgdMomentum', ['value', 'velocity'], ({ value, gradient, velocity }, a, i) => {
    const g = gradient![i]! + a.weightDecay! * value![i]!;
    velocity![i] = a.momentum! * velocity![i]! + (1 - a.dampening!) * g;
    value![i]! -= a.learningRate! * (a.nesterov ? g + a.momentum! * velocity![i]! : velocity![i]!);
  });
}

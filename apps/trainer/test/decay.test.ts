import { isScore } from '@pleat/mask';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveConfig } from '../src/config/resolve.ts';
import { buildModel, buildOptimizer } from '../src/train/build.ts';
import { trainableVariables } from '../src/train/step.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const learningRate = 0.1;
const weightDecay = 0.25;
const steps = 3;
/** The gradient of element i of every variable, another in each step. */
const gradient = (i: number, step: number): number => Math.sin(i + 1) / (step + 1);

/** AdamW (Loshchilov & Hutter 2019, algorithm 2) in float64, one number for itself. */
function adamw(start: number, i: number, decay: number): number {
  let [theta, m, v] = [start, 0, 0];
  for (let t = 1; t <= steps; t++) {
    const g = gradient(i, t - 1);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const step = m / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    theta -= learningRate * (step + decay * theta);
  }
  return theta;
}

/** SGD with momentum 0.9 and added decay. */
function sgd(start: number, i: number, decay: number): number {
  let [theta, velocity] = [start, 0];
  for (let t = 0; t < steps; t++) {
    velocity = 0.9 * velocity + gradient(i, t) + decay * theta;
    theta -= learningRate * velocity;
  }
  return theta;
}

const rules = { adamw, sgd };

/** Every trained variable of a masked model before and after some steps with those gradients. */
function trained(options: Record<string, unknown>) {
  const asked = { dim: 8, depth: 1, learningRate, weightDecay, ...options };
  const config = resolveConfig({ options: asked, origin: 'a test' });
  const model = buildModel(config, { shape: [8, 8, 1], classes: ['a', 'b', 'c'] } as never);
  const variables = trainableVariables(model);
  const before = variables.map((variable) => [...variable.dataSync()]);
  const optimizer = buildOptimizer(config);
  for (let step = 0; step < steps; step++) {
    const grads = Object.fromEntries(
      variables.map(({ name, size, shape }) => {
        const values = Float32Array.from({ length: size }, (_, i) => gradient(i, step));
        return [name, tf.tensor(values, shape)];
      }),
    );
    optimizer.applyGradients(grads);
    tf.dispose(grads);
  }
  const found = variables.map((variable, i) => ({
    name: variable.name,
    before: before[i] as number[],
    after: [...variable.dataSync()],
  }));
  model.dispose();
  optimizer.dispose();
  return found;
}

describe.each(['adamw', 'sgd'] as const)('%s', (optimizer) => {
  test.each([
    ['on', true],
    ['off', false],
  ])('with score decay %s, moves every variable as a float64 computation does', (_, scoreDecay) => {
    const found = trained({ optimizer, scoreDecay });
    const scores = found.filter(({ name }) => isScore(name));
    // Scores of patch, depthwise, pointwise and classifier; norms and the bias are the rest, and never decay.
    expect(scores).toHaveLength(4);
    expect(found.length).toBeGreaterThan(8);
    for (const { name, before, after } of found) {
      const decay = isScore(name) && scoreDecay ? weightDecay : 0;
      after.forEach((value, i) => {
        const wanted = rules[optimizer](before[i] as number, i, decay);
        expect(Math.abs(value - wanted), `${name}[${i}]`).toBeLessThan(1e-5);
      });
    }
  });
});

import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, frugalGrads, type SlotOptimizer, sgd } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

const steps = 50;
type Grads = (
  f: () => tf.Scalar,
  variables: tf.Variable[],
) => { value: tf.Scalar; grads: tf.NamedTensorMap };

/** Trains a small ConvMixer; `together` applies all gradients in one call, else one by one. */
function train(make: () => SlotOptimizer, grads: Grads, together: boolean) {
  const model = convMixer({
    inputShape: [8, 8, 3],
    classes: 4,
    dim: 4,
    depth: 1,
    kernelSize: 3,
    patchSize: 2,
    seed: 3,
  });
  const optimizer = make();
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const labels = tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], 'int32');
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const x = tf.tensor4d(
      Float32Array.from({ length: 8 * 8 * 8 * 3 }, (_, k) => Math.sin(k * k + i)),
      [8, 8, 8, 3],
    );
    const made = grads(
      () => softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor2D),
      variables,
    );
    losses.push(made.value.dataSync()[0]!);
    if (together) optimizer.applyGradients(made.grads);
    else {
      for (const [name, tensor] of Object.entries(made.grads)) {
        optimizer.applyGradients([{ name, tensor }]);
      }
    }
    tf.dispose([x, made.value, made.grads]);
  }
  const weights = variables.flatMap((variable) => [...variable.dataSync()]);
  tf.dispose(labels);
  model.dispose();
  optimizer.dispose();
  return { losses, weights };
}

const distance = (a: number[], b: number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

const optimizers: [string, () => SlotOptimizer][] = [
  ['adamw', () => adamw({ learningRate: 0.01 })],
  ['sgd', () => sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 })],
];

describe.skipIf(torchFolder === undefined)('50 steps on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test.each(optimizers)('with %s: all at once and frugal, as one by one and by tfjs', (_, make) => {
    const before = tf.memory().numTensors;
    const wanted = train(make, tf.variableGrads, false);
    const found = train(make, frugalGrads, true);
    expect(distance(found.losses, wanted.losses)).toBeLessThan(1e-6);
    expect(distance(found.weights, wanted.weights)).toBeLessThan(1e-6);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('frugal gradients lower the peak of memory', () => {
    const peak = () => (tf.memory() as unknown as { torchPeakBytes: number }).torchPeakBytes;
    const model = convMixer({
      inputShape: [32, 32, 3],
      classes: 10,
      dim: 32,
      depth: 6,
      patchSize: 2,
      seed: 1,
    });
    const x = tf.zeros([16, 32, 32, 3]);
    const labels = tf.zeros([16], 'int32');
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const run = (grads: Grads) => {
      const made = grads(
        () =>
          softmaxCrossEntropy(
            labels as tf.Tensor1D,
            model.apply(x, { training: true }) as tf.Tensor2D,
          ),
        variables,
      );
      tf.dispose([made.value, made.grads]);
    };
    const floor = (tf.memory() as unknown as { torchBytes: number }).torchBytes;
    // The peak is that of the whole process so far: the lower one must come first.
    run(frugalGrads);
    const frugal = peak() - floor;
    run(tf.variableGrads);
    expect(frugal).toBeLessThan(0.55 * (peak() - floor));
    model.dispose();
    tf.dispose([x, labels]);
  });
});

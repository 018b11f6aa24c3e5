import type { Batch } from '@pleat/datasets';
import { maskModel } from '@pleat/mask';
import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, type SlotOptimizer, sgd } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type StepInput, trainableVariables, trainStep } from '../src/train/step.ts';

const shape = [8, 8, 3] as const;
const steps = 50;

function batch(step: number): Batch {
  const images = Float32Array.from({ length: 8 * 8 * 8 * 3 }, (_, i) => Math.sin(i * i + step));
  return { images, labels: Int32Array.from({ length: 8 }, (_, i) => i % 4), size: 8 } as Batch;
}

/** The step as tfjs has it: its own gradients, one update a variable. */
async function plainStep(input: StepInput, { images, labels, size }: Batch) {
  const { value, grads } = tf.variableGrads(() => {
    const x = tf.tensor4d(images, [size, ...shape]);
    const logits = input.model.apply(x, { training: true }) as tf.Tensor;
    return softmaxCrossEntropy(tf.tensor1d(labels, 'int32'), logits) as tf.Scalar;
  }, input.variables);
  const [loss] = value.dataSync();
  for (const [name, tensor] of Object.entries(grads)) {
    // One by one, so that no update is fused with another.
    input.optimizer.applyGradients([{ name, tensor }]);
  }
  tf.dispose([value, grads]);
  return { loss: loss! };
}

async function run(
  make: () => SlotOptimizer,
  masked: boolean,
  step: (input: StepInput, batch: Batch) => Promise<{ loss: number }>,
) {
  let model = convMixer({
    inputShape: [...shape],
    classes: 4,
    dim: 4,
    depth: 1,
    kernelSize: 3,
    patchSize: 2,
    seed: 3,
  });
  if (masked) model = maskModel(model, { seed: 3, learner: { name: 'edge-popup', keep: 0.5 } });
  const optimizer = make();
  const variables = trainableVariables(model);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const input = { model, optimizer, variables, shape, labelSmoothing: 0 };
    losses.push((await step(input, batch(i))).loss);
  }
  const weights = variables.flatMap((variable) => [...variable.dataSync()]);
  model.dispose();
  optimizer.dispose();
  return { losses, weights };
}

const optimizers: [string, () => SlotOptimizer][] = [
  ['adamw', () => adamw({ learningRate: 0.01 })],
  ['sgd', () => sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 })],
];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(optimizers)('a step with %s', (_, make) => {
  test.each([false, true])(
    'is bit for bit that of tfjs over 50 steps (masked: %s)',
    async (masked) => {
      const wanted = await run(make, masked, plainStep);
      const found = await run(make, masked, trainStep);
      expect(found).toEqual(wanted);
    },
  );
});

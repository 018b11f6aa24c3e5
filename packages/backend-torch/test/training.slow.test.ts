import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Resident bytes without what V8 could free and has not yet: in a small process that alone is some 3 MB in 100 steps. Let it pile up
 * for hundreds, and the pages that held it stay with V8 for later: a twentieth of this process.
 */
function resident(): number {
  collect();
  return process.memoryUsage().rss;
}

describe.skipIf(torchFolder === undefined)('training on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('a thousand steps leave no tensor and no memory behind', () => {
    const shape = [8, 8, 3];
    const model = convMixer({ inputShape: [8, 8, 3], classes: 10, dim: 16, depth: 2, seed: 1 });
    const x = tf.randomNormal([16, ...shape], 0, 1, 'float32', 1);
    const labels = tf.tensor1d(
      Int32Array.from({ length: 16 }, (_, i) => i % 10),
      'int32',
    );
    const optimizer = adamw({ learningRate: 1e-3 });
    const losses: number[] = [];
    const step = () => {
      const loss = optimizer.minimize(
        () =>
          softmaxCrossEntropy(
            labels,
            model.apply(x, { training: true }) as tf.Tensor2D,
          ) as tf.Scalar,
        true,
      )!;
      losses.push(loss.dataSync()[0]!);
      loss.dispose();
    };
    const train = (steps: number) => {
      for (let i = 1; i <= steps; i++) {
        step();
        if (i % 50 === 0) collect();
      }
    };
    train(200);
    const tensors = tf.memory().numTensors;
    const bytes = (tf.memory() as unknown as { torchBytes: number }).torchBytes;
    const early = resident();
    train(800);
    expect(tf.memory().numTensors).toBe(tensors);
    expect((tf.memory() as unknown as { torchBytes: number }).torchBytes).toBe(bytes);
    expect(resident()).toBeLessThan(1.05 * early);
    expect(losses.at(-1)!).toBeLessThan(0.1 * losses[0]!);
  });
});

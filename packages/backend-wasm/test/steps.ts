import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { random } from './random.ts';

/** What a short training run gave. */
export interface Run {
  losses: number[];
  weights: Float32Array[];
}

/** A few steps of a small ConvMixer on the current backend. */
export function train(steps: number, options: { epsilon?: number } = {}): Run {
  const inputShape: [number, number, number] = [12, 12, 3];
  const model = convMixer({
    inputShape,
    classes: 5,
    dim: 20,
    depth: 2,
    kernelSize: 5,
    patchSize: 2,
  });
  const optimizer = adamw({ learningRate: 0.01, ...options });
  const x = random(1, [16, ...inputShape]);
  const labels = tf.tensor1d(
    Array.from({ length: 16 }, (_, index) => index % 5),
    'int32',
  );
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(
      () => softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor),
      true,
    )!;
    losses.push(loss.dataSync()[0]!);
    loss.dispose();
  }
  const weights = model.getWeights().map((tensor) => tensor.dataSync() as Float32Array);
  tf.dispose([x, labels]);
  model.dispose();
  optimizer.dispose();
  return { losses, weights };
}

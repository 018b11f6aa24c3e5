import { createModel, type ModelName } from '@pleat/models';
import * as tf from '@tensorflow/tfjs';

/** A small form of each kind of model, with weights and statistics that are not where they start. */
export const forms: [name: string, build: () => tf.LayersModel, shape: [number, number, number]][] =
  (
    [
      ['resnet20', { width: 4 }, 8],
      ['resnet18', { width: 4 }, 8],
      ['nin', { width: 12 }, 16],
      ['vgg11', { width: 4 }, 32],
      ['convmixer', { dim: 12, depth: 2 }, 8],
      ['vit', { dim: 16, depth: 2, heads: 4 }, 8],
    ] as const
  ).map(([name, options, side]) => {
    const inputShape: [number, number, number] = [side, side, 3];
    const build = () =>
      stirred(createModel(name as ModelName, { ...options, inputShape, seed: 1 } as never));
    return [name, build, inputShape];
  });

/** Moves every weight a little from where it starts: biases at 0 and statistics at 0 and 1 hide errors. */
export function stirred(model: tf.LayersModel): tf.LayersModel {
  let seed = 1;
  tf.tidy(() => {
    for (const weight of model.weights) {
      const old = weight.read();
      const spread = weight.originalName.includes('moving_variance') ? 0.5 : 0.05;
      weight.write(old.add(tf.randomUniform(old.shape, 0, spread, 'float32', seed++)));
    }
  });
  return model;
}

export function images(shape: readonly number[], count = 2): tf.Tensor {
  return tf.randomNormal([count, ...shape], 0, 1, 'float32', 7);
}

/** The largest difference over the largest value. */
export function relativeError(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => a.sub(b).abs().max().div(b.abs().max()).dataSync()[0] as number);
}

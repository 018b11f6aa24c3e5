import * as tf from '@tensorflow/tfjs';
import { decodeModel, encodeModel, maskModel, pleatHandler } from '../src/index.ts';

function numbers(length: number): number[] {
  return Array.from({ length }, (_, i) => Math.fround(((i * 7919) % 1000) / 1000));
}

/** A model that is the same everywhere: no random start values. */
function net(): tf.LayersModel {
  return tf.sequential({
    name: 'net',
    layers: [
      tf.layers.conv2d({ name: 'a', inputShape: [6, 6, 2], filters: 4, kernelSize: 3 }),
      tf.layers.reLU({ name: 'b' }),
      tf.layers.flatten({ name: 'c' }),
      tf.layers.dense({ name: 'd', units: 3 }),
    ],
  });
}

/** The bytes of a masked model as this engine writes them. */
export async function write(learner: string): Promise<number[]> {
  await tf.setBackend('cpu');
  return [...(await encodeModel(maskModel(net(), { learner, seed: 4 })))];
}

function outputs(model: tf.LayersModel): number[] {
  return tf.tidy(() => [
    ...(model.predict(tf.tensor4d(numbers(72), [1, 6, 6, 2])) as tf.Tensor).dataSync(),
  ]);
}

/** What the model in these bytes predicts. */
export async function predictBytes(bytes: number[]): Promise<number[]> {
  await tf.setBackend('cpu');
  return outputs(await decodeModel(Uint8Array.from(bytes)));
}

/** What the model at this address predicts, loaded as any tfjs model is. */
export async function predictUrl(url: string): Promise<number[]> {
  await tf.setBackend('cpu');
  return outputs(await tf.loadLayersModel(pleatHandler(url)));
}

/** Trains a masked model for a step and tells whether its scores moved. */
export async function train(): Promise<boolean> {
  await tf.setBackend('cpu');
  const model = maskModel(net());
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const before = await (model.getWeights()[0] as tf.Tensor).data();
  await model.fit(tf.tensor4d(numbers(144), [2, 6, 6, 2]), tf.ones([2, 3]), { verbose: 0 });
  const after = await (model.getWeights()[0] as tf.Tensor).data();
  return before.some((score, i) => score !== after[i]);
}

import { PleatSoftmaxCrossEntropy } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { run } from '../host.ts';
import { at, type Body, make, register } from './tensor.ts';

const softmaxCrossEntropy: Body = ({ host, inputs, attrs }) => {
  const { logits, labels } = inputs as { logits: tf.TensorInfo; labels: tf.TensorInfo };
  const { labelSmoothing } = attrs as { labelSmoothing: number };
  const [n, c] = logits.shape as [number, number];
  const [loss, gradient] = [make(host, [n]), make(host, [n, c])];
  const results = [at(host, loss), at(host, gradient)];
  const args = [at(host, logits), at(host, labels), c, labelSmoothing, ...results];
  run(host, 'softmaxCrossEntropy', args, n, c * 16);
  return [loss, gradient];
};

/** Registers the loss. */
export function registerLoss(): void {
  register(PleatSoftmaxCrossEntropy, softmaxCrossEntropy);
}

import { PleatSoftmaxCrossEntropy, PleatTopKMask } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { run } from '../host.ts';
import { at, type Body, make, register, sizeOf } from './tensor.ts';

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

/** A sample of 8,192 scores; or what is told apart one by one, 4,096 places and their scores, with counts. */
const TOP_K_SCRATCH = 16 + 8192 * 4;

const topKMask: Body = ({ host, inputs, attrs }) => {
  const { scores } = inputs as { scores: tf.TensorInfo };
  const { k } = attrs as { k: number };
  const mask = make(host, scores.shape);
  const size = sizeOf(scores.shape);
  run(host, 'topKMask', [at(host, scores), size, k, at(host, mask)], 1, size, TOP_K_SCRATCH);
  return mask;
};

/** Registers the loss and the selection of the largest scores. */
export function registerLoss(): void {
  register(PleatSoftmaxCrossEntropy, softmaxCrossEntropy);
  register(PleatTopKMask, topKMask);
}

import * as tf from '@tensorflow/tfjs';
import type { Host } from '../host.ts';
import { type Call, call, drop } from './tensor.ts';

const kernels: Record<string, string> = {
  relu: tf.Relu,
  relu6: tf.Relu6,
  elu: tf.Elu,
  sigmoid: tf.Sigmoid,
  leakyrelu: tf.LeakyRelu,
  prelu: tf.Prelu,
};

/** Bias and activation as steps of their own, for the forms the kernels do not take themselves. */
export function finishApart(
  host: Host,
  y: tf.TensorInfo,
  inputs: Call['inputs'],
  attrs: Call['attrs'],
): tf.TensorInfo {
  const { bias, preluActivationWeights: weights } = inputs;
  const { activation = 'linear', leakyreluAlpha } = attrs as Record<string, unknown>;
  let result = y;
  const then = (next: tf.TensorInfo): void => {
    drop(host, result);
    result = next;
  };
  if (bias) then(call(host, tf.Add, { a: result, b: bias }));
  if (activation === 'linear') return result;
  const kernel = kernels[activation as string];
  if (!kernel) {
    throw new Error(
      `backend-wasm: expected one of ${Object.keys(kernels)} as fused activation, got '${activation}'; apply it apart.`,
    );
  }
  const given: Record<string, tf.TensorInfo> = { x: result };
  if (weights) given.alpha = weights;
  then(call(host, kernel, given, { alpha: leakyreluAlpha }));
  return result;
}

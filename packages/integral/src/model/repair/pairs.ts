import * as tf from '@tensorflow/tfjs';
import { toDense } from '../../interpolation/basis.ts';
import type { AxisSampler } from '../axis.ts';

/** What a layer is given for a batch; whoever takes it disposes of it. */
export function inputOf(model: tf.LayersModel, layer: string, x: tf.Tensor): tf.Tensor {
  const input = model.getLayer(layer).input as tf.SymbolicTensor;
  if (model.inputs.some(({ id }) => id === input.id)) return x.clone();
  const upTo = tf.model({ inputs: model.inputs, outputs: input });
  return tf.tidy(() => upTo.apply(x, { training: false }) as tf.Tensor);
}

/** The values of a tensor, which is disposed of. */
export async function valuesOf(tensor: tf.Tensor): Promise<tf.TypedArray> {
  const values = await tensor.data();
  tensor.dispose();
  return values;
}

/** Numbers of some rows of many, evenly thinned to at most so many. */
export function* thinned(rows: number, most: number): Generator<number> {
  const step = Math.max(1, rows / most);
  for (let next = 0; next < rows; next += step) yield Math.floor(next);
}

/** Channels along the last axis, as an axis of a weight samples them now; a tensor for the tidy it is called in. */
export function asSampled(values: tf.Tensor2D, axis: AxisSampler): tf.Tensor2D {
  if (axis.whole) return values;
  const matrix = axis.matrix();
  const dense = tf.tensor2d(Float32Array.from(toDense(matrix)), [matrix.rows, matrix.cols]);
  return tf.matMul(values, dense, false, true);
}

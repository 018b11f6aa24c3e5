import * as tf from '@tensorflow/tfjs';
import { run } from '../host.ts';
import { allFloat, at, type Body, make, register } from './tensor.ts';

interface PoolAttributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Its own kernel, as the stock one differs from the cpu backend. */
const maxPoolGrad: Body = ({ host, inputs, attrs }) => {
  const { dy, input: x } = inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
  const options = attrs as unknown as PoolAttributes;
  if (!allFloat(dy, x)) return null;
  const info = tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    options.filterSize,
    options.strides,
    1,
    options.pad,
    options.dimRoundingMode,
  );
  const dx = make(host, x.shape);
  const args = [at(host, dy), at(host, x), at(host, dx)];
  const from = [info.inHeight, info.inWidth, info.inChannels, info.filterHeight, info.filterWidth];
  const steps = [info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth];
  const rest = [info.padInfo.top, info.padInfo.left, info.outHeight, info.outWidth];
  const window = info.filterHeight * info.filterWidth;
  const work = info.outHeight * info.outWidth * info.inChannels * window;
  run(host, 'maxPoolGrad', [...args, ...from, ...steps, ...rest], info.batchSize, work);
  return dx;
};

/** Registers the gradient of max pooling. */
export function registerPool(): void {
  register(tf.MaxPoolGrad, maxPoolGrad);
}

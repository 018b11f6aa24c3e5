import * as tf from '@tensorflow/tfjs';
import { allocate, type Host, release, run } from '../host.ts';
import { geometry } from './conv.ts';
import { finishApart } from './fused.ts';
import { allFloat, at, type Body, make, register } from './tensor.ts';

type Info = tf.backend_util.Conv2DInfo;
type Attributes = Parameters<typeof geometry>[2];

/** Bytes of scratch memory: padded planes of 16 channels and a filter. */
function planes(height: number, width: number, taps: number): number {
  return (height * width + taps) * 64;
}

function padded(out: number, stride: number, taps: number, dilation: number): number {
  return (out - 1) * stride + (taps - 1) * dilation + 1;
}

const forward: Body = ({ host, inputs, attrs }) => {
  const { x, filter } = inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
  if (!allFloat(x, filter)) return null;
  const info = geometry(x.shape, filter.shape, attrs as unknown as Attributes, true);
  const y = make(host, info.outShape);
  const { filterHeight: fh, filterWidth: fw, outHeight, outWidth, outChannels } = info;
  const height = padded(outHeight, info.strideHeight, fh, info.dilationHeight);
  const width = padded(outWidth, info.strideWidth, fw, info.dilationWidth);
  const repeat = outChannels / info.inChannels;
  run(
    host,
    'depthwise',
    [
      at(host, x),
      info.inHeight,
      info.inWidth,
      outChannels,
      repeat,
      1,
      1,
      at(host, filter),
      fh,
      fw,
      0,
      info.strideHeight,
      info.strideWidth,
      info.dilationHeight,
      info.dilationWidth,
      info.padInfo.top,
      info.padInfo.left,
      at(host, y),
      outHeight,
      outWidth,
    ],
    info.batchSize * Math.ceil(outChannels / 16),
    outHeight * outWidth * 16 * (fh * fw * 0.25 + 1),
    planes(height, width, fh * fw),
  );
  return y;
};

const fused: Body = (given) => {
  const { bias, preluActivationWeights } = given.inputs as Partial<Record<string, tf.TensorInfo>>;
  if (!allFloat(bias, preluActivationWeights)) return null;
  const y = forward(given) as tf.TensorInfo | null;
  return y && finishApart(given.host, y, given.inputs, given.attrs);
};

/** The gradient with `repeat` channels a channel of x, [..., c * repeat]. */
function spreadInputGrad(
  host: Host,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: Info,
  dx: number,
): void {
  const { filterHeight: fh, filterWidth: fw, inHeight, inWidth, outChannels, padInfo } = info;
  const { dilationHeight: dh, dilationWidth: dw } = info;
  run(
    host,
    'depthwise',
    [
      at(host, dy),
      info.outHeight,
      info.outWidth,
      outChannels,
      1,
      info.strideHeight,
      info.strideWidth,
      at(host, filter),
      fh,
      fw,
      1,
      1,
      1,
      dh,
      dw,
      (fh - 1) * dh - padInfo.top,
      (fw - 1) * dw - padInfo.left,
      dx,
      inHeight,
      inWidth,
    ],
    info.batchSize * Math.ceil(outChannels / 16),
    inHeight * inWidth * 16 * (fh * fw * 0.25 + 1),
    planes(inHeight + (fh - 1) * dh, inWidth + (fw - 1) * dw, fh * fw),
  );
}

const inputGrad: Body = ({ host, inputs, attrs }) => {
  const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
  const { inputShape } = attrs as { inputShape: number[] };
  if (!allFloat(dy, filter)) return null;
  const info = geometry(inputShape, filter.shape, attrs as unknown as Attributes, true);
  const dx = make(host, inputShape);
  const repeat = info.outChannels / info.inChannels;
  if (repeat === 1) {
    spreadInputGrad(host, dy, filter, info, at(host, dx));
    return dx;
  }
  const size = info.batchSize * info.inHeight * info.inWidth * info.inChannels;
  const spread = allocate(host, size * repeat * 4);
  spreadInputGrad(host, dy, filter, info, spread);
  run(host, 'sumRuns', [spread, size * repeat, repeat, 1, at(host, dx)], size, repeat);
  release(host, spread);
  return dx;
};

const filterGrad: Body = ({ host, inputs, attrs }) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const { filterShape } = attrs as { filterShape: number[] };
  if (!allFloat(x, dy)) return null;
  const info = geometry(x.shape, filterShape, attrs as unknown as Attributes, true);
  const result = make(host, filterShape);
  const { filterHeight: fh, filterWidth: fw, outHeight, outWidth, outChannels, batchSize } = info;
  const size = fh * fw * outChannels;
  const length = Math.max(1, Math.ceil(batchSize / 16));
  const parts = Math.max(1, Math.ceil(batchSize / length));
  const partial = allocate(host, parts * size * 4);
  const height = padded(outHeight, info.strideHeight, fh, info.dilationHeight);
  const width = padded(outWidth, info.strideWidth, fw, info.dilationWidth);
  run(
    host,
    'depthwiseFilterGrad',
    [
      at(host, x),
      batchSize,
      info.inHeight,
      info.inWidth,
      outChannels,
      outChannels / info.inChannels,
      fh,
      fw,
      info.strideHeight,
      info.strideWidth,
      info.dilationHeight,
      info.dilationWidth,
      info.padInfo.top,
      info.padInfo.left,
      at(host, dy),
      outHeight,
      outWidth,
      length,
      partial,
    ],
    parts * Math.ceil(outChannels / 16),
    length * outHeight * outWidth * 16 * (fh * fw * 0.25 + 1),
    planes(height, width, fh * fw) + outHeight * outWidth * 64,
  );
  const blocks = Math.ceil(size / 1024);
  run(host, 'sumParts', [partial, parts, size, at(host, result)], blocks, parts * 1024);
  release(host, partial);
  return result;
};

/** Registers depthwise convolution and its gradients. */
export function registerDepthwise(): void {
  register(tf.DepthwiseConv2dNative, forward);
  register(tf.FusedDepthwiseConv2D, fused);
  register(tf.DepthwiseConv2dNativeBackpropInput, inputGrad);
  register(tf.DepthwiseConv2dNativeBackpropFilter, filterGrad);
}

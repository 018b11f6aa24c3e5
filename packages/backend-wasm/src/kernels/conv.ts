import * as tf from '@tensorflow/tfjs';
import { allocate, type Host, release, run } from '../host.ts';
import { finishApart } from './fused.ts';
import { activations, multiply, packed } from './matmul.ts';
import { allFloat, at, type Body, make, register, sizeOf } from './tensor.ts';

type Info = tf.backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

interface ConvAttributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: string;
  activation?: string;
  filterShape?: Shape4;
  inputShape?: Shape4;
}

/** The geometry of a convolution, as tfjs works it out. */
export function geometry(
  x: readonly number[],
  filter: readonly number[],
  attrs: ConvAttributes,
  depthwise: boolean,
): Info {
  const dilations = attrs.dilations ?? [1, 1];
  const rounding = attrs.dimRoundingMode;
  return tf.backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    attrs.strides,
    dilations,
    attrs.pad,
    rounding,
    depthwise,
  );
}

/** The arguments in which the convolution kernels agree. */
function common(info: Info): number[] {
  return [
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.dilationHeight,
    info.dilationWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.outHeight,
    info.outWidth,
  ];
}

/** True for a convolution that is one matrix product. */
function isProduct(info: Info): boolean {
  const { padInfo } = info;
  const single = info.filterHeight * info.filterWidth * info.strideHeight * info.strideWidth === 1;
  return single && padInfo.top + padInfo.left + padInfo.bottom + padInfo.right === 0;
}

const dense = (pointer: number, columns: number) => ({
  at: pointer,
  row: columns * 4,
  step: 4,
  batch: 0,
});
const turned = (pointer: number, columns: number) => ({
  at: pointer,
  row: 4,
  step: columns * 4,
  batch: 0,
});

function forward(
  host: Host,
  x: number,
  filter: number,
  y: number,
  info: Info,
  bias: number,
  act: number,
): void {
  const { inChannels: c, outChannels: n } = info;
  const positions = info.batchSize * info.outHeight * info.outWidth;
  const patch = info.filterHeight * info.filterWidth * c;
  if (isProduct(info)) {
    multiply(host, dense(x, c), dense(filter, n), y, [1, positions, n, c], bias, act);
    return;
  }
  const panels = packed(host, dense(filter, n), patch, n);
  const args = [x, ...common(info), positions, panels, y, n, bias, act];
  const scratch = 256 + 48 * patch * 4;
  run(host, 'conv', args, Math.ceil(positions / 48), 48 * patch * (n * 0.25 + 1), scratch);
  release(host, panels);
}

const conv2d: Body = ({ host, inputs, attrs }) => {
  const { x, filter, bias } = inputs as {
    x: tf.TensorInfo;
    filter: tf.TensorInfo;
    bias?: tf.TensorInfo;
  };
  const options = attrs as unknown as ConvAttributes;
  const act = activations[options.activation ?? 'linear'];
  const last = options.dataFormat !== 'NCHW' && options.dataFormat !== 'channelsFirst';
  if (!last || !allFloat(x, filter, bias)) return null;
  const info = geometry(x.shape, filter.shape, options, false);
  const n = info.outChannels;
  const together = act !== undefined && (!bias || (sizeOf(bias.shape) === n && n > 1));
  const y = make(host, info.outShape);
  const where = together && bias ? at(host, bias) : 0;
  forward(host, at(host, x), at(host, filter), at(host, y), info, where, together ? act : 0);
  return together ? y : finishApart(host, y, inputs, attrs);
};

const inputGrad: Body = ({ host, inputs, attrs }) => {
  const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
  const options = attrs as unknown as ConvAttributes;
  if (options.dataFormat === 'NCHW' || !allFloat(dy, filter)) return null;
  const info = geometry(options.inputShape!, filter.shape, options, false);
  // tfjs lets dy be larger than the shapes say; the stock kernel knows what to make of it.
  if (!tf.util.arraysEqual(info.outShape, dy.shape)) return null;
  const dx = make(host, options.inputShape!);
  const { inChannels: c, outChannels: n, batchSize } = info;
  const area = info.outHeight * info.outWidth;
  const patch = info.filterHeight * info.filterWidth * c;
  if (isProduct(info)) {
    const sizes = [1, batchSize * area, c, n] as const;
    multiply(host, dense(at(host, dy), n), turned(at(host, filter), n), at(host, dx), sizes);
    return dx;
  }
  const panels = packed(host, turned(at(host, filter), n), n, patch);
  const args = [at(host, dx), ...common(info), panels, at(host, dy), n];
  const work = area * patch * (n * 0.25 + 1);
  run(host, 'convInputGrad', args, batchSize, work, 256 + 48 * patch * 4);
  release(host, panels);
  return dx;
};

/** Bytes that the partial sums of a filter gradient may take. */
const PARTIAL_BYTES = 1 << 25;

/** How many partial sums: the shape alone decides, so that threads do not show in the result. */
function partials(runs: number, bytes: number): number {
  return Math.max(1, Math.min(runs, 16, Math.floor(PARTIAL_BYTES / bytes)));
}

const filterGrad: Body = ({ host, inputs, attrs }) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const options = attrs as unknown as ConvAttributes;
  if (options.dataFormat === 'NCHW' || !allFloat(x, dy)) return null;
  const info = geometry(x.shape, options.filterShape!, options, false);
  const dw = make(host, options.filterShape!);
  const n = info.outChannels;
  const positions = info.batchSize * info.outHeight * info.outWidth;
  const patch = info.filterHeight * info.filterWidth * info.inChannels;
  const size = patch * n;
  const length = Math.ceil(positions / partials(Math.ceil(positions / 96), size * 4));
  const parts = Math.ceil(positions / length);
  const partial = allocate(host, parts * size * 4);
  const args = [at(host, x), ...common(info), positions, length, at(host, dy), n, partial];
  const scratch = 256 + 96 * (patch + 16 + n + 8) * 4;
  run(host, 'convFilterGrad', args, parts, length * patch * (n * 0.25 + 1), scratch);
  run(host, 'sumParts', [partial, parts, size, at(host, dw)], Math.ceil(size / 1024), parts * 1024);
  release(host, partial);
  return dw;
};

/** Registers the convolutions and their gradients. */
export function registerConv(): void {
  register(tf.Conv2D, conv2d);
  register(tf.FusedConv2D, conv2d);
  register(tf.Conv2DBackpropInput, inputGrad);
  register(tf.Conv2DBackpropFilter, filterGrad);
}

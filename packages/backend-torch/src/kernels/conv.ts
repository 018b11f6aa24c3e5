import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';
import { activate } from './activation.ts';
import { gradientByPairs } from './pairs.ts';

/** How windows go over the spatial dimensions, in order. */
export interface Span {
  strides: number[];
  dilations: number[];
  before: number[];
  after: number[];
  /** Shapes as tfjs has them: channels last. */
  x: number[];
  y: number[];
}

/** A convolution as libtorch sees it. */
export interface Geometry extends Span {
  groups: number;
  depthwise: boolean;
}

type Shape4 = [number, number, number, number];
type Mask = [boolean, boolean, boolean];

export const channelsFirst = (rank: number): number[] => [
  0,
  rank - 1,
  ...range(rank - 2).map((i) => i + 1),
];
export const channelsLast = (rank: number): number[] => [
  0,
  ...range(rank - 2).map((i) => i + 2),
  1,
];
const range = (length: number) => Array.from({ length }, (_, i) => i);

/** The input, channels first. libtorch pads both ends alike; a convolution that does not gets a padded input. */
function padded(
  { engine }: TorchBackend,
  x: Handle,
  g: Geometry,
): { x: Handle; padding: number[] } {
  const order = channelsFirst(g.x.length);
  const even = g.before.every((size, i) => size === g.after[i] && size >= 0);
  if (even) return { x: engine.permuted(x, g.x, order), padding: g.before };
  const made = engine.pad(x, [0, ...g.before, 0], [0, ...g.after, 0], 0);
  return { x: engine.op('aten::permute', made, order), padding: g.before.map(() => 0) };
}

/** A filter as libtorch has it: [out, in / groups, spatial ...], a view without a copy. */
export function filterView(
  torch: TorchBackend,
  filter: Handle,
  shape: readonly number[],
  depthwise: boolean,
): Handle {
  const { engine } = torch;
  const rank = shape.length;
  if (!depthwise) {
    return engine.permuted(filter, shape, [rank - 1, rank - 2, ...range(rank - 2)]);
  }
  const [height, width, channels, multiplier] = shape as Shape4;
  const out = channels * multiplier;
  const size = height * width * out;
  return engine.strided(filter, size, [out, 1, height, width], [1, 1, width * out, out]);
}

export function convolve(
  torch: TorchBackend,
  x: Handle,
  filter: Handle,
  bias: Handle | null,
  g: Geometry,
): Handle {
  const { engine } = torch;
  const input = padded(torch, x, g);
  const { strides, dilations, groups } = g;
  const zeros = strides.map(() => 0);
  const made = engine.op(
    'aten::convolution',
    engine.compute(input.x),
    engine.compute(filter),
    bias === null ? null : engine.compute(bias),
    strides,
    input.padding,
    dilations,
    false,
    zeros,
    groups,
  );
  return engine.unpermuted(engine.computed(made), g.y, channelsFirst(g.y.length));
}

/** The gradients a mask asks for, in libtorch's layout; `x` may be unwritten where only its shape counts. */
export function backward(
  torch: TorchBackend,
  dy: Handle,
  x: Handle,
  filter: Handle,
  g: Geometry,
  mask: Mask,
): Handle[] {
  const rank = g.x.length;
  const input = padded(torch, x, g);
  const zeros = g.strides.map(() => 0);
  const { engine } = torch;
  const made = engine.ops(
    'aten::convolution_backward',
    engine.compute(engine.permuted(dy, g.y, channelsFirst(rank))),
    engine.compute(input.x),
    engine.compute(filter),
    null,
    g.strides,
    input.padding,
    g.dilations,
    false,
    zeros,
    g.groups,
    mask,
  );
  return made.map((gradient, i) => (mask[i] ? engine.computed(gradient) : gradient));
}

/** The gradient of a convolution's input, computed when it is asked for. */
export function inputGradient(
  torch: TorchBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
): tf.TensorInfo {
  const { engine } = torch;
  const rank = g.x.length;
  return torch.deferred([dy, filter], g.x, 'float32', (gradient, weights) => {
    const blank = engine.empty(g.x, 'float32');
    const view = filterView(torch, weights!, filter.shape, g.depthwise);
    const [dx] = backward(torch, gradient!, blank, view, g, [true, false, false]);
    const uneven = g.before.some((size, i) => size !== g.after[i] || size < 0);
    if (!uneven) return engine.unpermuted(dx!, g.x, channelsFirst(rank));
    const negate = (sizes: number[]) => [0, ...sizes.map((size) => -size), 0];
    const wide = engine.op('aten::permute', dx!, channelsLast(rank));
    return engine.contiguous(engine.pad(wide, negate(g.before), negate(g.after), 0));
  });
}

/**
 * What a strided convolution of one tap sees of its input, which one without strides takes then. oneDNN's own form of
 * the filter's gradient writes past its memory on one thread (torch 2.13, channels that are no multiple of 8).
 */
function thinned({ engine }: TorchBackend, x: Handle, g: Geometry): [Handle, Geometry] | null {
  const plain = [...g.before, ...g.after].every((size) => size === 0);
  if (!plain || g.strides.every((step) => step === 1)) return null;
  const spatial = g.y.slice(1, -1);
  const seen = spatial.reduce((made, size, i) => {
    const step = g.strides[i]!;
    return engine.op('aten::slice.Tensor', made, i + 1, 0, (size - 1) * step + 1, step);
  }, x);
  const size = [g.x[0]!, ...spatial, g.x.at(-1)!];
  return [engine.contiguous(seen), { ...g, x: size, strides: g.strides.map(() => 1) }];
}

export function filterGradient(
  torch: TorchBackend,
  dy: tf.TensorInfo,
  x: tf.TensorInfo,
  shape: number[],
  g: Geometry,
): tf.TensorInfo {
  const { engine } = torch;
  const paired = gradientByPairs(torch, torch.handle(dy), torch.handle(x), shape, g);
  if (paired !== null) return torch.output(engine.view(paired, shape), shape, 'float32');
  const rank = g.x.length;
  const spatial = shape.slice(0, -2);
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const stored = g.depthwise ? [inputs * outputs, 1, ...spatial] : [outputs, inputs, ...spatial];
  const blank = engine.empty(stored, 'float32');
  const mask: Mask = [false, true, false];
  const dense = spatial.every((taps) => taps === 1) ? thinned(torch, torch.handle(x), g) : null;
  const [input, over] = dense ?? [torch.handle(x), g];
  const dw = backward(torch, torch.handle(dy), input, blank, over, mask)[1]!;
  // Back from [out, in / groups, spatial ...].
  const order = [rank - 1, rank - 2, ...range(rank - 2)];
  const filter = [...spatial, stored[1]!, stored[0]!];
  const made = engine.unpermuted(dw, filter, order);
  return torch.output(g.depthwise ? engine.view(made, shape) : made, shape, 'float32');
}

const float = (inputs: Inputs) =>
  Object.values(inputs).every((info) => info === undefined || info.dtype === 'float32');

interface Conv2DAttrs {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat?: 'NHWC' | 'NCHW';
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  activation?: string;
  leakyreluAlpha?: number;
  filterShape?: [number, number, number, number];
  inputShape?: [number, number, number, number];
}

/** The geometry tfjs computes, or null for one that libtorch has no form of. */
function geometry(
  x: readonly number[],
  filter: readonly number[],
  attrs: Conv2DAttrs,
  depthwise: boolean,
): Geometry | null {
  if (attrs.dataFormat === 'NCHW') return null;
  const info = tf.backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
  );
  if (tf.util.sizeFromShape(info.outShape) <= 0) return null;
  const { padInfo } = info;
  const g: Geometry = {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [padInfo.top, padInfo.left],
    after: [padInfo.bottom, padInfo.right],
    groups: depthwise ? info.inChannels : groupsOf(x, filter),
    depthwise,
    x: info.inShape,
    y: info.outShape,
  };
  return whole(g, filter.slice(0, 2)) ? g : null;
}

/** Says whether libtorch computes a result of this size: padding that tfjs rounds can leave other sizes. */
export function whole(g: Span, filter: readonly number[]): boolean {
  return filter.every((taps, i) => {
    const reach = (taps - 1) * g.dilations[i]! + 1;
    const span = g.x[i + 1]! + g.before[i]! + g.after[i]! - reach;
    return span >= 0 && Math.floor(span / g.strides[i]!) + 1 === g.y[i + 1];
  });
}

/** tfjs' grouped convolution: a filter that takes a share of the channels. */
const groupsOf = (x: readonly number[], filter: readonly number[]) =>
  Math.max(1, Math.floor(x[x.length - 1]! / filter[filter.length - 2]!));

function forward(depthwise: boolean): Kernel {
  return (torch, inputs, attrs: Conv2DAttrs) => {
    const { x, filter, bias, preluActivationWeights } = inputs;
    const g = float(inputs) ? geometry(x!.shape, filter!.shape, attrs, depthwise) : null;
    if (g === null) return null;
    const fused =
      bias && bias.shape.length <= 1 && tf.util.sizeFromShape(bias.shape) === g.y.at(-1);
    if (bias && !fused) return null;
    const offset = bias ? torch.handle({ ...bias, shape: [g.y.at(-1)!] }) : null;
    const weights = filterView(torch, torch.handle(filter!), filter!.shape, depthwise);
    const made = convolve(torch, torch.handle(x!), weights, offset, g);
    const activation = attrs.activation ?? 'linear';
    const alpha = attrs.leakyreluAlpha;
    const prelu = preluActivationWeights && torch.handle(preluActivationWeights);
    const y = activate(torch, made, activation, { alpha, weights: prelu });
    return torch.output(torch.engine.contiguous(y), g.y, 'float32');
  };
}

function byInput(depthwise: boolean): Kernel {
  return (torch, inputs, attrs: Conv2DAttrs) => {
    const { dy, filter } = inputs;
    const g = float(inputs) ? geometry(attrs.inputShape!, filter!.shape, attrs, depthwise) : null;
    if (g === null || !tf.util.arraysEqual(dy!.shape, g.y)) return null;
    return inputGradient(torch, dy!, filter!, g);
  };
}

function byFilter(depthwise: boolean): Kernel {
  return (torch, inputs, attrs: Conv2DAttrs) => {
    const { x, dy } = inputs;
    const g = float(inputs) ? geometry(x!.shape, attrs.filterShape!, attrs, depthwise) : null;
    if (g === null || !tf.util.arraysEqual(dy!.shape, g.y)) return null;
    return filterGradient(torch, dy!, x!, attrs.filterShape!, g);
  };
}

export const convKernels: KernelTable = {
  Conv2D: forward(false),
  FusedConv2D: forward(false),
  Conv2DBackpropInput: byInput(false),
  Conv2DBackpropFilter: byFilter(false),
  DepthwiseConv2dNative: forward(true),
  FusedDepthwiseConv2D: forward(true),
  DepthwiseConv2dNativeBackpropInput: byInput(true),
  DepthwiseConv2dNativeBackpropFilter: byFilter(true),
};

import * as tf from '@tensorflow/tfjs';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';
import {
  convolve,
  filterGradient,
  filterView,
  type Geometry,
  inputGradient,
  whole,
} from './conv.ts';

interface Conv3DAttrs {
  strides: number | [number, number, number];
  pad: 'valid' | 'same';
  dilations?: number | [number, number, number];
  filterShape?: Shape5;
  inputShape?: Shape5;
}

type Shape5 = [number, number, number, number, number];

function geometry(x: readonly number[], filter: readonly number[], attrs: Conv3DAttrs) {
  const info = tf.backend_util.computeConv3DInfo(
    x as Shape5,
    filter as Shape5,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
  );
  const { front, back, top, bottom, left, right } = info.padInfo;
  const g: Geometry = {
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    before: [front, top, left],
    after: [back, bottom, right],
    groups: 1,
    depthwise: false,
    x: info.inShape,
    y: info.outShape,
  };
  return whole(g, filter.slice(0, 3)) ? g : null;
}

const float = (inputs: Inputs) => Object.values(inputs).every(({ dtype }) => dtype === 'float32');

const forward: Kernel = (torch, inputs, attrs: Conv3DAttrs) => {
  const { x, filter } = inputs;
  const g = float(inputs) ? geometry(x!.shape, filter!.shape, attrs) : null;
  if (g === null) return null;
  const weights = filterView(torch, torch.handle(filter!), filter!.shape, false);
  return torch.output(convolve(torch, torch.handle(x!), weights, null, g), g.y, 'float32');
};

const byInput: Kernel = (torch, inputs, attrs: Conv3DAttrs) => {
  const { dy, filter } = inputs;
  const g = float(inputs) ? geometry(attrs.inputShape!, filter!.shape, attrs) : null;
  if (g === null || !tf.util.arraysEqual(dy!.shape, g.y)) return null;
  return inputGradient(torch, dy!, filter!, g);
};

const byFilter: Kernel = (torch, inputs, attrs: Conv3DAttrs) => {
  const { x, dy } = inputs;
  const g = float(inputs) ? geometry(x!.shape, attrs.filterShape!, attrs) : null;
  if (g === null || !tf.util.arraysEqual(dy!.shape, g.y)) return null;
  return filterGradient(torch, dy!, x!, attrs.filterShape!, g);
};

export const conv3dKernels: KernelTable = {
  Conv3D: forward,
  Conv3DBackpropInputV2: byInput,
  Conv3DBackpropFilterV2: byFilter,
};

import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Kernel, KernelTable } from '../kernel.ts';
import { channelsFirst, channelsLast, type Span, whole } from './conv.ts';

interface PoolAttrs {
  filterSize: number | [number, number] | [number, number, number];
  strides: number | [number, number] | [number, number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Windows over the spatial dimensions, in order; shapes as tfjs has them. */
interface Windows extends Span {
  kernel: number[];
}

const ops = {
  2: {
    mean: 'aten::avg_pool2d',
    meanBackward: 'aten::avg_pool2d_backward',
    max: 'aten::max_pool2d_with_indices',
    maxBackward: 'aten::max_pool2d_with_indices_backward',
  },
  3: {
    mean: 'aten::avg_pool3d',
    meanBackward: 'aten::avg_pool3d_backward',
    max: 'aten::max_pool3d_with_indices',
    maxBackward: 'aten::max_pool3d_with_indices_backward',
  },
} as const;
const opsOf = (w: Windows) => ops[w.kernel.length as 2 | 3];

function windows2D(shape: number[], attrs: PoolAttrs): Windows {
  const info = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs.filterSize as number,
    attrs.strides as number,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { top, bottom, left, right } = info.padInfo;
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [1, 1],
    before: [top, left],
    after: [bottom, right],
    x: info.inShape,
    y: info.outShape,
  };
}

function windows3D(shape: number[], attrs: PoolAttrs): Windows {
  const info = tf.backend_util.computePool3DInfo(
    shape as [number, number, number, number, number],
    attrs.filterSize as number,
    attrs.strides as number,
    1,
    attrs.pad as 'same',
    attrs.dimRoundingMode,
  );
  const { front, back, top, bottom, left, right } = info.padInfo;
  return {
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [1, 1, 1],
    before: [front, top, left],
    after: [back, bottom, right],
    x: info.inShape,
    y: info.outShape,
  };
}

/** The windows tfjs computes, or null for ones that libtorch has no form of. */
function windows(x: tf.TensorInfo, attrs: PoolAttrs): Windows | null {
  if (x.dtype !== 'float32') return null;
  const made = x.shape.length === 5 ? windows3D(x.shape, attrs) : windows2D(x.shape, attrs);
  // A window wholly in the padding has no mean and no largest value.
  const inside = made.kernel.every(
    (size, i) => Math.max(made.before[i]!, made.after[i]!) < size && made.before[i]! >= 0,
  );
  return inside && made.after.every((size) => size >= 0) && whole(made, made.kernel) ? made : null;
}

const isPadded = (w: Windows) => [...w.before, ...w.after].some((size) => size !== 0);
const zeros = (w: Windows) => w.kernel.map(() => 0);

/** A tensor of a shape with its padding written out, channels first. */
function padded(
  { engine }: TorchBackend,
  x: Handle,
  w: Windows,
  value: number,
  shape: readonly number[] = w.x,
): Handle {
  const order = channelsFirst(w.x.length);
  if (!isPadded(w)) return engine.permuted(x, shape, order);
  const wide = engine.pad(x, [0, ...w.before, 0], [0, ...w.after, 0], value);
  return engine.op('aten::permute', wide, order);
}

/** The input without what is no number, which tfjs does not let win, then as `padded`. */
function numbers(torch: TorchBackend, x: tf.TensorInfo, w: Windows): Handle {
  const { engine } = torch;
  const clean = engine.op('aten::nan_to_num', torch.handle(x), -Infinity, Infinity, -Infinity);
  return padded(torch, clean, w, -Infinity);
}

/** A gradient without the padding, channels last. */
function cropped(torch: TorchBackend, dx: Handle, w: Windows): tf.TensorInfo {
  const { engine } = torch;
  if (!isPadded(w)) {
    const made = engine.unpermuted(dx, w.x, channelsFirst(w.x.length));
    return torch.output(made, w.x, 'float32');
  }
  const made = engine.op('aten::permute', dx, channelsLast(w.x.length));
  const negative = (sizes: number[]) => [0, ...sizes.map((size) => -size), 0];
  const cut = engine.pad(made, negative(w.before), negative(w.after), 0);
  return torch.output(engine.contiguous(cut), w.x, 'float32');
}

function last(torch: TorchBackend, y: Handle, w: Windows): tf.TensorInfo {
  const made = torch.engine.unpermuted(y, w.y, channelsFirst(w.y.length));
  return torch.output(made, w.y, 'float32');
}

/** Sums over windows, channels first. */
function sums({ engine }: TorchBackend, x: Handle, w: Windows): Handle {
  return engine.op(opsOf(w).mean, x, w.kernel, w.strides, zeros(w), false, true, 1);
}

/** How many values of the input lie in each window: what tfjs divides by. */
function counts(torch: TorchBackend, w: Windows): Handle {
  const shape = [1, ...w.x.slice(1, -1), 1];
  const ones = torch.engine.full(shape, 1, 'float32');
  return sums(torch, padded(torch, ones, w, 0, shape), w);
}

const mean: Kernel = (torch, { x }, attrs: PoolAttrs) => {
  const w = windows(x!, attrs);
  if (w === null) return null;
  const total = sums(torch, padded(torch, torch.handle(x!), w, 0), w);
  return last(torch, torch.engine.op('aten::div.Tensor', total, counts(torch, w)), w);
};

const meanGrad: Kernel = (torch, { dy, input }, attrs: PoolAttrs) => {
  const { engine } = torch;
  const w = windows(input!, attrs);
  if (w === null || !tf.util.arraysEqual(dy!.shape, w.y)) return null;
  const first = engine.permuted(torch.handle(dy!), w.y, channelsFirst(w.x.length));
  const share = engine.op('aten::div.Tensor', first, counts(torch, w));
  const x = padded(torch, torch.handle(input!), w, 0);
  const { meanBackward } = opsOf(w);
  const made = engine.op(meanBackward, share, x, w.kernel, w.strides, zeros(w), false, true, 1);
  return cropped(torch, made, w);
};

function largest(torch: TorchBackend, x: Handle, w: Windows): [Handle, Handle] {
  const { max } = opsOf(w);
  const made = torch.engine.ops(max, x, w.kernel, w.strides, zeros(w), w.dilations, false);
  return made as [Handle, Handle];
}

const max: Kernel = (torch, { x }, attrs: PoolAttrs) => {
  const w = windows(x!, attrs);
  return w && last(torch, largest(torch, numbers(torch, x!, w), w)[0], w);
};

const maxGrad: Kernel = (torch, { dy, input }, attrs: PoolAttrs) => {
  const { engine } = torch;
  const w = windows(input!, attrs);
  if (w === null || !tf.util.arraysEqual(dy!.shape, w.y)) return null;
  const x = numbers(torch, input!, w);
  const indices = largest(torch, x, w)[1];
  const first = engine.permuted(torch.handle(dy!), w.y, channelsFirst(w.x.length));
  const { maxBackward } = opsOf(w);
  const { kernel, strides, dilations } = w;
  return cropped(
    torch,
    engine.op(maxBackward, first, x, kernel, strides, zeros(w), dilations, false, indices),
    w,
  );
};

interface ArgmaxAttrs extends PoolAttrs {
  includeBatchInIndex: boolean;
}

/** The largest of each window, and where it lies: counted through the image, or through the batch. */
const maxWithArgmax: Kernel = (torch, { x }, attrs: ArgmaxAttrs) => {
  const { engine } = torch;
  const w = x!.shape.length === 4 ? windows(x!, attrs) : null;
  if (w === null) return null;
  const [values, indices] = largest(torch, numbers(torch, x!, w), w);
  const [batch, height, width, channels] = w.x as [number, number, number, number];
  const wide = width + w.before[1]! + w.after[1]!;
  const scalar = (value: number) => engine.scalar(value, 'float64');
  const times = (a: Handle, value: number) => engine.op('aten::mul.Tensor', a, scalar(value));
  const plus = (a: Handle, b: Handle) => engine.subtract(a, b, -1);
  // libtorch counts places of the padded image; doubles hold them exactly.
  const place = engine.op('aten::permute', engine.cast(indices, 'float64'), channelsLast(4));
  const row = engine.op('aten::floor', engine.op('aten::div.Tensor', place, scalar(wide)));
  const column = engine.subtract(place, times(row, wide), 1);
  const inside = plus(
    times(engine.subtract(row, scalar(w.before[0]!), 1), width),
    engine.subtract(column, scalar(w.before[1]!), 1),
  );
  const ramp = (count: number, step: number, shape: number[]) =>
    engine.from(
      Int32Array.from({ length: count }, (_, i) => i * step),
      shape,
      'int32',
    );
  const channel = engine.cast(ramp(channels, 1, [channels]), 'float64');
  let index = plus(times(inside, channels), channel);
  if (attrs.includeBatchInIndex) {
    const start = ramp(batch, height * width * channels, [batch, 1, 1, 1]);
    index = plus(index, engine.cast(start, 'float64'));
  }
  return [
    last(torch, values, w),
    torch.output(engine.contiguous(engine.cast(index, 'int32')), w.y, 'int32'),
  ];
};

export const poolKernels: KernelTable = {
  AvgPool: mean,
  AvgPool3D: mean,
  AvgPoolGrad: meanGrad,
  AvgPool3DGrad: meanGrad,
  MaxPool: max,
  MaxPool3D: max,
  MaxPoolWithArgmax: maxWithArgmax,
  MaxPoolGrad: maxGrad,
  MaxPool3DGrad: maxGrad,
};

import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';

interface PoolAttrs {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Info = tf.backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

/** The windows tfjs computes, or null for ones that libtorch has no form of. */
function windows(x: tf.TensorInfo, attrs: PoolAttrs): Info | null {
  if (x.dtype !== 'float32') return null;
  const info = tf.backend_util.computePool2DInfo(
    x.shape as Shape4,
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { top, bottom, left, right } = info.padInfo;
  const whole = (span: number, stride: number, out: number) =>
    span >= 0 && Math.floor(span / stride) + 1 === out;
  const rows = info.inHeight + top + bottom - info.filterHeight;
  const columns = info.inWidth + left + right - info.filterWidth;
  if (Math.min(top, bottom, left, right) < 0) return null;
  // A window wholly in the padding has no mean and no largest value.
  if (Math.max(top, bottom) >= info.filterHeight) return null;
  if (Math.max(left, right) >= info.filterWidth) return null;
  if (!whole(rows, info.strideHeight, info.outHeight)) return null;
  return whole(columns, info.strideWidth, info.outWidth) ? info : null;
}

/** The input without what is no number, which tfjs does not let win. */
const numbers = ({ engine }: TorchBackend, x: Handle) =>
  engine.op('aten::nan_to_num', x, -Infinity, Infinity, -Infinity);

const kernelOf = (info: Info) => [info.filterHeight, info.filterWidth];
const stridesOf = (info: Info) => [info.strideHeight, info.strideWidth];
const none = [0, 0];

/** The input with its padding written out, channels first. */
function padded({ engine }: TorchBackend, x: Handle, info: Info, value: number): Handle {
  const { top, bottom, left, right } = info.padInfo;
  const wide =
    top + bottom + left + right === 0
      ? x
      : engine.pad(x, [0, top, left, 0], [0, bottom, right, 0], value);
  return engine.op('aten::permute', wide, [0, 3, 1, 2]);
}

/** A gradient without the padding, channels last. */
function cropped(torch: TorchBackend, dx: Handle, info: Info): tf.TensorInfo {
  const { engine } = torch;
  const { top, bottom, left, right } = info.padInfo;
  const made = engine.op('aten::permute', dx, [0, 2, 3, 1]);
  const cut =
    top + bottom + left + right === 0
      ? made
      : engine.pad(made, [0, -top, -left, 0], [0, -bottom, -right, 0], 0);
  return torch.output(engine.contiguous(cut), info.inShape, 'float32');
}

function last(torch: TorchBackend, y: Handle, info: Info): tf.TensorInfo {
  const { engine } = torch;
  const made = engine.contiguous(engine.op('aten::permute', y, [0, 2, 3, 1]));
  return torch.output(made, info.outShape, 'float32');
}

/** Sums over windows, channels first. */
function sums({ engine }: TorchBackend, x: Handle, info: Info): Handle {
  const kernel = kernelOf(info);
  return engine.op('aten::avg_pool2d', x, kernel, stridesOf(info), none, false, true, 1);
}

/** How many values of the input lie in each window: what tfjs divides by. */
function counts(torch: TorchBackend, info: Info): Handle {
  const ones = torch.engine.full([1, info.inHeight, info.inWidth, 1], 1, 'float32');
  return sums(torch, padded(torch, ones, info, 0), info);
}

function maxWithIndices(torch: TorchBackend, x: Handle, info: Info): [Handle, Handle] {
  const kernel = kernelOf(info);
  const strides = stridesOf(info);
  return torch.engine.ops(
    'aten::max_pool2d_with_indices',
    x,
    kernel,
    strides,
    none,
    [1, 1],
    false,
  ) as [Handle, Handle];
}

export const poolKernels: KernelTable = {
  AvgPool: (torch, { x }, attrs: PoolAttrs) => {
    const info = windows(x!, attrs);
    if (info === null) return null;
    const total = sums(torch, padded(torch, torch.handle(x!), info, 0), info);
    return last(torch, torch.engine.op('aten::div.Tensor', total, counts(torch, info)), info);
  },
  AvgPoolGrad: (torch, { dy, input }, attrs: PoolAttrs) => {
    const { engine } = torch;
    const info = windows(input!, attrs);
    if (info === null || !tf.util.arraysEqual(dy!.shape, info.outShape)) return null;
    const first = engine.op('aten::permute', torch.handle(dy!), [0, 3, 1, 2]);
    const share = engine.op('aten::div.Tensor', first, counts(torch, info));
    const x = padded(torch, torch.handle(input!), info, 0);
    const [kernel, strides] = [kernelOf(info), stridesOf(info)];
    return cropped(
      torch,
      engine.op('aten::avg_pool2d_backward', share, x, kernel, strides, none, false, true, 1),
      info,
    );
  },
  MaxPool: (torch, { x }, attrs: PoolAttrs) => {
    const info = windows(x!, attrs);
    if (info === null) return null;
    const wide = padded(torch, numbers(torch, torch.handle(x!)), info, -Infinity);
    return last(torch, maxWithIndices(torch, wide, info)[0], info);
  },
  MaxPoolGrad: (torch, { dy, input }, attrs: PoolAttrs) => {
    const { engine } = torch;
    const info = windows(input!, attrs);
    if (info === null || !tf.util.arraysEqual(dy!.shape, info.outShape)) return null;
    const x = padded(torch, numbers(torch, torch.handle(input!)), info, -Infinity);
    const indices = maxWithIndices(torch, x, info)[1];
    const first = engine.op('aten::permute', torch.handle(dy!), [0, 3, 1, 2]);
    const [kernel, strides] = [kernelOf(info), stridesOf(info)];
    const dilation = [1, 1];
    return cropped(
      torch,
      engine.op(
        'aten::max_pool2d_with_indices_backward',
        first,
        x,
        kernel,
        strides,
        none,
        dilation,
        false,
        indices,
      ),
      info,
    );
  },
};

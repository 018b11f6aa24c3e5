import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';

/** A slice by start, end and a positive step in every dimension, copied where it must be. */
function sliced(
  torch: TorchBackend,
  x: tf.TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  strides?: readonly number[],
): Handle {
  const { engine } = torch;
  let made = torch.handle(x);
  for (const [i, start] of begin.entries()) {
    const step = strides?.[i] ?? 1;
    const length = size[i]!;
    if (start === 0 && step === 1 && length === x.shape[i]) continue;
    made = engine.op('aten::slice.Tensor', made, i, start, start + (length - 1) * step + 1, step);
  }
  return made === torch.handle(x) ? engine.op('aten::clone', made, 0) : engine.contiguous(made);
}

/** Owned and contiguous, even where an op has handed back a view of all its input. */
function copied(torch: TorchBackend, view: Handle): Handle {
  return torch.engine.op('aten::clone', view, 0);
}

function part(
  torch: TorchBackend,
  x: tf.TensorInfo,
  axis: number,
  start: number,
  length: number,
  shape: number[],
): tf.TensorInfo {
  const view = torch.engine.op(
    'aten::slice.Tensor',
    torch.handle(x),
    axis,
    start,
    start + length,
    1,
  );
  return torch.output(torch.engine.view(copied(torch, view), shape), shape, x.dtype);
}

const same = (infos: readonly tf.TensorInfo[]) =>
  infos.every(({ dtype }) => dtype === infos[0]!.dtype);

/** Throws unless each dimension is named once. */
function requireOrder(perm: readonly number[], rank: number): void {
  if (perm.length === rank && perm.every((_, axis) => perm.includes(axis))) return;
  throw new Error(
    `Transpose: expected perm to name each of ${rank} dimensions once, got [${perm}].`,
  );
}

export const shapeKernels: KernelTable = {
  Transpose: (torch, { x }, { perm }: { perm: number[] }) => {
    requireOrder(perm, x!.shape.length);
    const made = torch.engine.permuted(torch.handle(x!), x!.shape, perm);
    const shape = perm.map((axis) => x!.shape[axis]!);
    return torch.output(copied(torch, made), shape, x!.dtype);
  },
  Slice: (torch, { x }, attrs: { begin: number | number[]; size: number | number[] }) => {
    const [begin, size] = tf.slice_util.parseSliceParams(
      x as unknown as tf.Tensor,
      attrs.begin,
      attrs.size,
    );
    tf.slice_util.assertParamsValid(x as unknown as tf.Tensor, begin!, size!);
    if (size!.includes(0)) return null;
    return torch.output(sliced(torch, x!, begin!, size!), size!, x!.dtype);
  },
  Concat: (torch, inputs, { axis }: { axis: number }) => {
    const infos = Object.values(inputs);
    if (!same(infos)) return null;
    const dim = tf.util.parseAxisParam(axis, infos[0]!.shape)[0]!;
    const shapes = infos.map(({ shape }) => shape);
    tf.backend_util.assertParamsConsistent(shapes, dim);
    const out = tf.backend_util.computeOutShape(shapes, dim);
    const made = torch.engine.op(
      'aten::cat',
      infos.map((info) => torch.handle(info)),
      dim,
    );
    return torch.output(made, out, infos[0]!.dtype);
  },
  Pack: (torch, inputs, { axis }: { axis: number }) => {
    const infos = Object.values(inputs);
    const { shape, dtype } = infos[0]!;
    for (const info of infos) {
      tf.util.assertShapesMatch(
        shape,
        info.shape,
        'All tensors passed to stack must have matching shapes',
      );
    }
    if (!same(infos)) return null;
    const made = torch.engine.op(
      'aten::stack',
      infos.map((info) => torch.handle(info)),
      axis,
    );
    const out = [...shape];
    out.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, infos.length);
    return torch.output(made, out, dtype);
  },
  Unpack: (torch, { value }, { axis }: { axis: number }) => {
    const dim = axis < 0 ? axis + value!.shape.length : axis;
    const shape = value!.shape.filter((_, i) => i !== dim);
    return Array.from({ length: value!.shape[dim]! }, (_, i) =>
      part(torch, value!, dim, i, 1, shape),
    );
  },
  SplitV: (torch, { x }, attrs: { numOrSizeSplits: number | number[]; axis: number }) => {
    const dim = tf.util.parseAxisParam(attrs.axis, x!.shape)[0]!;
    const sizes = tf.backend_util.prepareSplitSize(
      x as unknown as tf.Tensor,
      attrs.numOrSizeSplits,
      dim,
    );
    if (sizes.includes(0)) return null;
    let start = 0;
    return sizes.map((size) => {
      const shape = x!.shape.map((length, i) => (i === dim ? size : length));
      const made = part(torch, x!, dim, start, size, shape);
      start += size;
      return made;
    });
  },
  Tile: (torch, { x }, { reps }: { reps: number[] }) => {
    if (reps.length !== x!.shape.length || reps.some((count) => count < 1)) return null;
    const made = torch.engine.op('aten::repeat', torch.handle(x!), reps);
    const shape = x!.shape.map((size, i) => size * reps[i]!);
    return torch.output(torch.engine.contiguous(made), shape, x!.dtype);
  },
  Reverse: (torch, { x }, { dims }: { dims: number | number[] }) => {
    const axes = tf.util.parseAxisParam(dims, x!.shape);
    if (x!.shape.length === 0) return torch.alias(x!);
    const made = torch.engine.op('aten::flip', torch.handle(x!), axes);
    return torch.output(torch.engine.contiguous(made), x!.shape, x!.dtype);
  },
  PadV2: (torch, { x }, attrs: { paddings: [number, number][]; constantValue: number }) => {
    const { paddings, constantValue } = attrs;
    if (x!.dtype === 'bool' || x!.shape.length === 0) return null;
    const before = paddings.map(([start]) => start);
    const after = paddings.map(([, end]) => end);
    if (Math.min(...before, ...after) < 0 || paddings.length > 8) return null;
    const value = x!.dtype === 'int32' ? Math.trunc(constantValue) : constantValue;
    const made = torch.engine.pad(torch.handle(x!), before, after, value);
    const shape = x!.shape.map((size, i) => size + before[i]! + after[i]!);
    return torch.output(torch.engine.contiguous(made), shape, x!.dtype);
  },
  StridedSlice: (torch, { x }, attrs: StridedSliceAttrs) => {
    const info = tf.slice_util.sliceInfo(
      x!.shape,
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    const { finalShape, finalShapeSparse, begin, strides } = info;
    if (finalShapeSparse.includes(0) || strides.some((step) => step < 1)) return null;
    if (info.sliceDim0 === undefined && begin.length !== x!.shape.length) return null;
    const sizes = begin.map((start, i) => Math.ceil((info.end[i]! - start) / strides[i]!));
    if (tf.util.sizeFromShape(sizes) !== tf.util.sizeFromShape(finalShape)) return null;
    const made = sliced(torch, x!, begin, sizes, strides);
    return torch.output(torch.engine.view(made, finalShape), finalShape, x!.dtype);
  },
  DepthToSpace: (torch, { x }, attrs: { blockSize: number; dataFormat: string }) => {
    if (attrs.dataFormat !== 'NHWC') return null;
    const { engine } = torch;
    const [batch, height, width, depth] = x!.shape as [number, number, number, number];
    const block = attrs.blockSize;
    const channels = depth / block ** 2;
    const split = [batch, height, width, block, block, channels];
    const blocks = engine.view(torch.handle(x!), split);
    const turned = copied(torch, engine.permuted(blocks, split, [0, 1, 3, 2, 4, 5]));
    const shape = [batch, height * block, width * block, channels];
    return torch.output(engine.view(turned, shape), shape, x!.dtype);
  },
  SpaceToBatchND: (torch, { x }, attrs: { blockShape: number[]; paddings: number[][] }) => {
    if (x!.dtype === 'bool') return null;
    const { engine } = torch;
    const { blockShape, paddings } = attrs;
    const rest = x!.shape.length - 1 - blockShape.length;
    const trailing = new Array<number>(rest).fill(0);
    const before = [0, ...paddings.map(([start]) => start!), ...trailing];
    const after = [0, ...paddings.map(([, end]) => end!), ...trailing];
    const padded = engine.pad(torch.handle(x!), before, after, 0);
    const shape = x!.shape.map((size, i) => size + before[i]! + after[i]!);
    const block = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(shape, blockShape, block, false);
    const order = tf.backend_util.getPermuted(split.length, blockShape.length, false);
    const flat = tf.backend_util.getReshapedPermuted(shape, blockShape, block, false);
    const view = engine.view(engine.contiguous(padded), split);
    const turned = copied(torch, engine.permuted(view, split, order));
    return torch.output(engine.view(turned, flat), flat, x!.dtype);
  },
  BatchToSpaceND: (torch, { x }, attrs: { blockShape: number[]; crops: number[][] }) => {
    const { engine } = torch;
    const { blockShape, crops } = attrs;
    const block = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(x!.shape, blockShape, block);
    const order = tf.backend_util.getPermuted(split.length, blockShape.length);
    const flat = tf.backend_util.getReshapedPermuted(x!.shape, blockShape, block);
    const begin = tf.backend_util.getSliceBeginCoords(crops, blockShape.length);
    const cut = tf.backend_util.getSliceSize(flat, crops, blockShape.length);
    const size = [...cut, ...flat.slice(cut.length)];
    const view = engine.view(torch.handle(x!), split);
    const turned = copied(torch, engine.permuted(view, split, order));
    let made = engine.view(turned, flat);
    for (const [i, start] of begin.slice(0, cut.length).entries()) {
      made = engine.op('aten::slice.Tensor', made, i, start, start + size[i]!, 1);
    }
    return torch.output(copied(torch, made), size, x!.dtype);
  },
};

interface StridedSliceAttrs {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

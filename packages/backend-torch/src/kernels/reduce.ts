import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import { codes, type NativeType } from '../dtype.ts';
import type { Engine } from '../engine.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { OpName } from '../ffi/signatures.ts';
import type { Kernel, KernelTable } from '../kernel.ts';
import { sizeOf } from '../layout.ts';

interface Axes {
  axis: number | number[];
  /** What Max calls its axes. */
  reductionIndices?: number | number[];
  keepDims?: boolean;
}

/**
 * Up to so many numbers are summed in double precision where one number comes of them: what cancels out would otherwise leave
 * the rounding of a loss or of a scalar's gradient to the order in which a device adds. More of them would cost time.
 */
const doubles = 2 ** 16;

/** Reduces over axes; an empty list of axes leaves a tensor as it is, which libtorch reads as all. */
function reduction(
  dtypeOf: (dtype: NativeType) => NativeType | null,
  reduce: (engine: Engine, x: Handle, axes: number[], keep: boolean, exact: boolean) => Handle,
): Kernel {
  return (torch, { x }, { axis, reductionIndices, keepDims = false }: Axes) => {
    const { shape } = x!;
    const dtype = dtypeOf(x!.dtype as NativeType);
    const axes = tf.util.parseAxisParam(reductionIndices ?? axis, shape);
    if (dtype === null || (axes.length === 0 && shape.length > 0)) return null;
    const { engine } = torch;
    const [left, reduced] = tf.backend_util.computeOutAndReduceShapes(shape, axes);
    const exact = dtype === 'float32' && sizeOf(left) === 1 && sizeOf(shape) <= doubles;
    const made = engine.cast(reduce(engine, torch.handle(x!), axes, keepDims, exact), dtype);
    const out = keepDims ? tf.backend_util.expandShapeToKeepDim(left, axes) : left;
    // libtorch may hand back the very tensor where nothing is reduced.
    return torch.output(
      reduced.length === 0 ? engine.op('aten::clone', made, 0) : made,
      out,
      dtype,
    );
  };
}

const summed = (dtype: NativeType): NativeType => (dtype === 'float32' ? dtype : 'int32');
const ordered = (dtype: NativeType) => (dtype === 'bool' ? null : dtype);

const extreme = (op: OpName) =>
  reduction(ordered, (engine, x, axes, keep) => engine.op(op, x, axes, keep));
const quantifier = (op: OpName) =>
  reduction(
    (dtype) => (dtype === 'bool' ? dtype : null),
    (engine, x, axes, keep) => engine.op(op, x, axes, keep),
  );

function arg(op: OpName, worst: number): Kernel {
  return (torch, { x }, { axis }: Axes) => {
    const { engine } = torch;
    const [dim, ...more] = tf.util.parseAxisParam(axis, x!.shape);
    if (dim === undefined || more.length > 0) return null;
    let values = engine.cast(torch.handle(x!), x!.dtype === 'float32' ? 'float32' : 'int32');
    if (x!.dtype === 'float32') {
      // tfjs never picks what is no number.
      values = engine.op('aten::nan_to_num', values, worst, Infinity, -Infinity);
    }
    const index = engine.cast(engine.op(op, values, dim, false), 'int32');
    return torch.output(
      index,
      x!.shape.filter((_, i) => i !== dim),
      'int32',
    );
  };
}

interface Cumulative {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

function cumulative(op: OpName, first: number): Kernel {
  return (torch, { x }, { axis, exclusive, reverse }: Cumulative) => {
    if (x!.dtype === 'bool') return null;
    const { engine } = torch;
    const dtype = x!.dtype as NativeType;
    const dim = tf.util.parseAxisParam(axis, x!.shape)[0]!;
    const size = x!.shape[dim]!;
    if (x!.shape.length === 0) return null;
    let values = torch.handle(x!);
    if (reverse) values = engine.op('aten::flip', values, [dim]);
    if (exclusive) {
      const head = engine.full(
        x!.shape.map((length, i) => (i === dim ? 1 : length)),
        first,
        dtype,
      );
      const rest = engine.op('aten::slice.Tensor', values, dim, 0, size - 1, 1);
      values = engine.op('aten::cat', [head, rest], dim);
    }
    let made = engine.cast(engine.op(op, values, dim, null), dtype);
    if (reverse) made = engine.op('aten::flip', made, [dim]);
    return torch.output(engine.contiguous(made), x!.shape, dtype);
  };
}

function softmax(torch: TorchBackend, logits: tf.TensorInfo, dim: number): tf.TensorInfo {
  const axis = dim < 0 ? dim + logits.shape.length : dim;
  const made = torch.engine.op('aten::_softmax', torch.handle(logits), axis, false);
  return torch.output(made, logits.shape, 'float32');
}

export const reduceKernels: KernelTable = {
  Sum: reduction(summed, (engine, x, axes, keep, exact) =>
    engine.op('aten::sum.dim_IntList', x, axes, keep, exact ? codes.float64 : null),
  ),
  Mean: reduction(
    (dtype) => (dtype === 'bool' ? null : 'float32'),
    (engine, x, axes, keep) =>
      engine.op('aten::mean.dim', engine.cast(x, 'float32'), axes, keep, null),
  ),
  Prod: reduction(summed, (engine, x, axes, keep) =>
    [...axes]
      .sort((a, b) => b - a)
      .reduce((made, axis) => engine.op('aten::prod.dim_int', made, axis, keep, null), x),
  ),
  Max: extreme('aten::amax'),
  Min: extreme('aten::amin'),
  All: quantifier('aten::all.dims'),
  Any: quantifier('aten::any.dims'),
  ArgMax: arg('aten::argmax', -Infinity),
  ArgMin: arg('aten::argmin', Infinity),
  Cumsum: cumulative('aten::cumsum', 0),
  Cumprod: cumulative('aten::cumprod', 1),
  Softmax: (torch, { logits }, { dim }: { dim: number }) =>
    logits!.dtype === 'float32' && logits!.shape.length > 0 ? softmax(torch, logits!, dim) : null,
};

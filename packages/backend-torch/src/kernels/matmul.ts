import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Engine } from '../engine.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';
import { activate } from './activation.ts';

interface Transposes {
  transposeA: boolean;
  transposeB: boolean;
}

/** The product of whole numbers. CUDA has none of them; sums below 2^53 are exact in float64. */
function whole({ engine }: TorchBackend, a: Handle, b: Handle): Handle {
  if (!engine.device.cuda) return engine.op('aten::matmul', a, b);
  const wide = engine.op('aten::matmul', engine.cast(a, 'float64'), engine.cast(b, 'float64'));
  return engine.cast(wide, 'int32');
}

/** A view with the last two dimensions exchanged. */
function transposed(engine: Engine, x: Handle, shape: readonly number[]): Handle {
  const order = shape.map((_, axis) => axis);
  const [rows, columns] = order.splice(-2) as [number, number];
  return engine.permuted(x, shape, [...order, columns, rows]);
}

/** a b with broadcast batch dimensions, and the shape of it. */
function product(
  torch: TorchBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Transposes,
): { made: Handle; shape: number[] } {
  const { engine } = torch;
  const turned = (info: tf.TensorInfo, turn: boolean) => {
    const { shape } = info;
    const [rows, columns] = [shape[shape.length - 2]!, shape[shape.length - 1]!];
    // A batch of one is a plain matrix, whose product is the fastest.
    const flat = tf.util.sizeFromShape(shape) === rows * columns;
    const seen = flat && shape.length > 2 ? { ...info, shape: [rows, columns] } : info;
    const handle = torch.handle(seen);
    return {
      handle: turn ? transposed(engine, handle, seen.shape) : handle,
      rows: turn ? columns : rows,
      columns: turn ? rows : columns,
      batch: shape.slice(0, -2),
    };
  };
  const left = turned(a, transposeA);
  const right = turned(b, transposeB);
  tf.util.assert(
    left.columns === right.rows,
    () => `Error in matMul: inner shapes (${left.columns}) and (${right.rows}) must match.`,
  );
  const batch = tf.backend_util.assertAndGetBroadcastShape(left.batch, right.batch);
  const made =
    a.dtype === 'float32'
      ? engine.computed(
          engine.op('aten::matmul', engine.compute(left.handle), engine.compute(right.handle)),
        )
      : whole(torch, left.handle, right.handle);
  const shape = [...batch, left.rows, right.columns];
  return { made: engine.view(engine.contiguous(made), shape), shape };
}

interface FusedAttrs extends Transposes {
  activation: string;
  leakyreluAlpha?: number;
}

const float = (...infos: (tf.TensorInfo | undefined)[]) =>
  infos.every((info) => info === undefined || info.dtype === 'float32');

export const matmulKernels: KernelTable = {
  BatchMatMul: (torch, { a, b }, attrs: Transposes) => {
    if (a!.dtype !== b!.dtype || a!.dtype === 'bool') return null;
    const { made, shape } = product(torch, a!, b!, attrs);
    return torch.output(made, shape, a!.dtype);
  },
  _FusedMatMul: (torch, { a, b, bias, preluActivationWeights }, attrs: FusedAttrs) => {
    if (!float(a, b, bias, preluActivationWeights)) return null;
    const { engine } = torch;
    const { made, shape } = product(torch, a!, b!, attrs);
    const summed = bias ? engine.subtract(made, torch.handle(bias), -1) : made;
    const alpha = attrs.leakyreluAlpha;
    const weights = preluActivationWeights && torch.handle(preluActivationWeights);
    return torch.output(
      activate(torch, summed, attrs.activation, { alpha, weights }),
      shape,
      'float32',
    );
  },
};

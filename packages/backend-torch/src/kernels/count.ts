import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { NativeType } from '../dtype.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Kernel, KernelTable } from '../kernel.ts';

const sizeOf = tf.util.sizeFromShape;

/** Counts of 0 to size - 1 in each row of x [rows, columns], by weights [rows, columns] or 1 each. */
function counted(
  torch: TorchBackend,
  x: Handle,
  weights: Handle | null,
  [rows, columns]: [number, number],
  size: number,
  dtype: NativeType,
  once: boolean,
): Handle {
  const { engine } = torch;
  const count = rows * columns;
  const values = engine.read(x, count, 'int32');
  const index = new Int32Array(count);
  for (const [i, value] of values.entries()) {
    if (value < 0) throw new Error('Input x must be non-negative!');
    // One place more in each row, for what is too large to be counted.
    index[i] = Math.floor(i / columns) * (size + 1) + Math.min(value, size);
  }
  const zeros = engine.full([rows * (size + 1)], 0, dtype);
  const places = engine.from(index, [count], 'int32');
  const terms = weights ?? engine.full([count], 1, dtype);
  const sums = engine.op('aten::index_put', zeros, [places], terms, !once);
  const table = engine.view(sums, [rows, size + 1]);
  return engine.op('aten::clone', engine.op('aten::slice.Tensor', table, 1, 0, size, 1), 0);
}

interface CountAttrs {
  size: number;
  binaryOutput?: boolean;
}

const bincount: Kernel = (torch, { x, weights }, { size, binaryOutput = false }: CountAttrs) => {
  const { shape } = x!;
  const dtype = weights!.dtype;
  const count = sizeOf(shape);
  const weighted = sizeOf(weights!.shape) > 0;
  if (x!.dtype !== 'int32' || count === 0 || size < 1 || shape.length > 2) return null;
  if (dtype !== 'float32' && dtype !== 'int32') return null;
  if (weighted && sizeOf(weights!.shape) !== count) return null;
  const rows = shape.length === 2 ? shape[0]! : 1;
  const once = binaryOutput && shape.length === 2;
  const terms = weighted && !once ? torch.engine.view(torch.handle(weights!), [count]) : null;
  const form: [number, number] = [rows, count / rows];
  const made = counted(torch, torch.handle(x!), terms, form, size, dtype, once);
  return torch.output(
    torch.engine.view(made, shape.length === 2 ? [rows, size] : [size]),
    shape.length === 2 ? [rows, size] : [size],
    dtype,
  );
};

/** What each segment is made of: rows of the data, and the segment each goes to. Null where tfjs has an error to tell. */
function segments(torch: TorchBackend, indices: tf.TensorInfo, ids: tf.TensorInfo, rows: number) {
  if (indices.shape.length !== 1 || ids.shape.length !== 1) return null;
  if (indices.dtype !== 'int32' || ids.dtype !== 'int32') return null;
  const [count] = indices.shape as [number];
  if (count !== ids.shape[0]) return null;
  const read = (info: tf.TensorInfo) => torch.engine.read(torch.handle(info), count, 'int32');
  const [from, to] = [read(indices), read(ids)];
  const fits = from.every((row) => row >= 0 && row < rows);
  const sorted = to.every((id, i) => id >= (i === 0 ? 0 : to[i - 1]!));
  return fits && sorted ? { to, count: to[count - 1]! + 1 } : null;
}

function segmented(mean: boolean): Kernel {
  return (torch, { data, indices, segmentIds }) => {
    const { engine } = torch;
    const { shape } = data!;
    if (shape.length < 1 || data!.dtype === 'bool') return null;
    const parts = segments(torch, indices!, segmentIds!, shape[0]!);
    if (parts === null || (mean && data!.dtype !== 'float32')) return null;
    const columns = sizeOf(shape) / shape[0]!;
    const table = engine.view(torch.handle(data!), [shape[0]!, columns]);
    const rows = engine.op('aten::index_select', table, 0, torch.handle(indices!));
    const zeros = engine.full([parts.count, columns], 0, data!.dtype as NativeType);
    const places = torch.handle(segmentIds!);
    let sums = engine.op('aten::index_put', zeros, [places], rows, true);
    if (mean) {
      const sizes = new Float32Array(parts.count);
      for (const id of parts.to) sizes[id]!++;
      const divisors = engine.from(
        sizes.map((n) => Math.max(1, n)),
        [parts.count, 1],
        'float32',
      );
      sums = engine.op('aten::div.Tensor', sums, divisors);
    }
    const out = [parts.count, ...shape.slice(1)];
    return torch.output(engine.view(sums, out), out, data!.dtype);
  };
}

/** Kernels whose weights may have no elements. */
export const countKernels: KernelTable = {
  Bincount: (torch, inputs, { size }: CountAttrs) => {
    const x = { ...inputs.x!, shape: [sizeOf(inputs.x!.shape)] };
    return bincount(torch, { ...inputs, x }, { size } as never);
  },
  DenseBincount: bincount,
};

export const segmentKernels: KernelTable = {
  SparseSegmentSum: segmented(false),
  SparseSegmentMean: segmented(true),
};

import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { NativeType } from '../dtype.ts';
import type { Engine } from '../engine.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';

const sizeOf = tf.util.sizeFromShape;

/** Rows of indices as one index each, by the strides of the dimensions they index. */
function flatIndex(
  torch: TorchBackend,
  indices: tf.TensorInfo,
  count: number,
  strides: number[],
): Handle {
  const { engine } = torch;
  const rank = strides.length;
  const rows = engine.view(torch.handle(indices), [count, rank]);
  const steps = engine.from(Int32Array.from(strides), [rank], 'int32');
  const terms = engine.op('aten::mul.Tensor', rows, steps);
  return engine.op('aten::sum.dim_IntList', terms, [1], false, null);
}

/** Throws where an index lies outside: libtorch would count a negative one from the end. */
function requireInside(engine: Engine, index: Handle, count: number, size: number, what: string) {
  if (count === 0) return;
  const values = engine.read(engine.cast(index, 'int32'), count, 'int32');
  for (const value of values) {
    if (value >= 0 && value < size) continue;
    throw new Error(`${what}: the index value ${value} is not in [0, ${size - 1}]`);
  }
}

function scattered(
  torch: TorchBackend,
  base: Handle,
  indices: tf.TensorInfo,
  updates: tf.TensorInfo,
  shape: number[],
  accumulate: boolean,
): tf.TensorInfo {
  const { engine } = torch;
  const { sliceRank, numUpdates, sliceSize, strides, outputSize } = tf.backend_util.calculateShapes(
    updates,
    indices,
    shape,
  );
  const rows = outputSize / sliceSize;
  const index = flatIndex(torch, indices, numUpdates, strides.slice(0, sliceRank));
  requireInside(engine, index, numUpdates, rows, 'Invalid indices');
  const values = engine.view(torch.handle(updates), [numUpdates, sliceSize]);
  const target = engine.view(base, [rows, sliceSize]);
  const made = engine.op('aten::index_put', target, [index], values, accumulate);
  return torch.output(engine.view(made, shape), shape, updates.dtype);
}

interface OneHotAttrs {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: NativeType;
}

export const gatherKernels: KernelTable = {
  GatherV2: (torch, { x, indices }, attrs: { axis: number; batchDims: number }) => {
    const { engine } = torch;
    if (attrs.batchDims !== 0 || indices!.dtype !== 'int32') return null;
    const axis = tf.util.parseAxisParam(attrs.axis, x!.shape)[0]!;
    const count = sizeOf(indices!.shape);
    const index = engine.view(torch.handle(indices!), [count]);
    requireInside(engine, index, count, x!.shape[axis]!, 'GatherV2');
    const made = engine.op('aten::index_select', torch.handle(x!), axis, index);
    const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)];
    return torch.output(engine.view(engine.contiguous(made), shape), shape, x!.dtype);
  },
  GatherNd: (torch, { params, indices }) => {
    const { engine } = torch;
    if (indices!.dtype !== 'int32') return null;
    const [shape, count, sliceSize, strides] = tf.backend_util.prepareAndValidate(
      params as unknown as tf.Tensor,
      indices as unknown as tf.Tensor,
    );
    const rank = indices!.shape.at(-1)!;
    if (rank === 0 || count === 0) return null;
    const rows = sizeOf(params!.shape) / sliceSize;
    const index = flatIndex(torch, indices!, count, strides.slice(0, rank));
    requireInside(engine, index, count, rows, 'Invalid indices');
    const table = engine.view(torch.handle(params!), [rows, sliceSize]);
    const made = engine.op('aten::index_select', table, 0, index);
    return torch.output(engine.view(engine.contiguous(made), shape), shape, params!.dtype);
  },
  ScatterNd: (torch, { indices, updates }, { shape }: { shape: number[] }) => {
    if (updates!.dtype === 'bool' || shape.includes(0) || indices!.dtype !== 'int32') return null;
    const zeros = torch.engine.full(shape, 0, updates!.dtype as NativeType);
    return scattered(torch, zeros, indices!, updates!, shape, true);
  },
  TensorScatterUpdate: (torch, { tensor, indices, updates }) => {
    if (tensor!.dtype !== updates!.dtype || indices!.dtype !== 'int32') return null;
    const { shape } = tensor!;
    return scattered(torch, torch.handle(tensor!), indices!, updates!, shape, false);
  },
  SparseToDense: (torch, inputs, { outputShape }: { outputShape: number[] }) => {
    const { sparseIndices, sparseValues, defaultValue } = inputs;
    const dtype = sparseValues!.dtype as NativeType;
    if (sparseValues!.shape.length === 0 || sparseIndices!.dtype !== 'int32') return null;
    if (defaultValue!.dtype !== dtype || outputShape.includes(0)) return null;
    const { engine } = torch;
    const base = engine.op('aten::expand', torch.handle(defaultValue!), outputShape, false);
    const copy = engine.op('aten::clone', base, 0);
    return scattered(torch, copy, sparseIndices!, sparseValues!, outputShape, false);
  },
  UnsortedSegmentSum: (torch, { x, segmentIds }, attrs: { numSegments: number }) => {
    const { engine } = torch;
    const { numSegments } = attrs;
    if (x!.dtype !== 'float32' || segmentIds!.shape.length !== 1 || numSegments < 1) return null;
    if (segmentIds!.shape[0] !== x!.shape[0]) return null;
    const rest = x!.shape.slice(1);
    // One row more, for what belongs to no segment.
    const spare = engine.scalar(numSegments, 'int32');
    const ids = torch.handle(segmentIds!);
    const low = engine.op('aten::ge.Tensor', ids, engine.scalar(0, 'int32'));
    const high = engine.op('aten::lt.Tensor', ids, spare);
    const inside = engine.op('aten::logical_and', low, high);
    const index = engine.cast(engine.op('aten::where.self', inside, ids, spare), 'int64');
    const zeros = engine.full([numSegments + 1, ...rest], 0, 'float32');
    const sums = engine.op('aten::index_put', zeros, [index], torch.handle(x!), true);
    const made = engine.op('aten::slice.Tensor', sums, 0, 0, numSegments, 1);
    return torch.output(engine.op('aten::clone', made, 0), [numSegments, ...rest], 'float32');
  },
  OneHot: (torch, { indices }, { depth, onValue, offValue, dtype }: OneHotAttrs) => {
    const { engine } = torch;
    if (depth < 1 || indices!.dtype !== 'int32') return null;
    const numbers = engine.from(
      Int32Array.from({ length: depth }, (_, i) => i),
      [depth],
      'int32',
    );
    const column = engine.view(torch.handle(indices!), [...indices!.shape, 1]);
    const hot = engine.op('aten::eq.Tensor', numbers, column);
    const [on, off] = [engine.scalar(onValue, 'float32'), engine.scalar(offValue, 'float32')];
    const made = engine.cast(engine.op('aten::where.self', hot, on, off), dtype ?? 'int32');
    return torch.output(made, [...indices!.shape, depth], dtype ?? 'int32');
  },
  TopK: (torch, { x }, { k, sorted }: { k: number; sorted: boolean }) => {
    const { engine } = torch;
    const { shape } = x!;
    const last = shape.length - 1;
    if (last < 0 || k < 1 || k > shape[last]! || !sorted || x!.dtype === 'bool') return null;
    // Stable: of equal values the lower index comes first.
    const both = engine.ops('aten::sort.stable', torch.handle(x!), true, last, true);
    const head = both.map((made) =>
      engine.op('aten::clone', engine.op('aten::slice.Tensor', made, last, 0, k, 1), 0),
    );
    const out = [...shape.slice(0, -1), k];
    return [
      torch.output(head[0]!, out, x!.dtype),
      torch.output(engine.cast(head[1]!, 'int32'), out, 'int32'),
    ];
  },
  MirrorPad: (torch, { x }, attrs: { paddings: [number, number][]; mode: string }) => {
    const { engine } = torch;
    const offset = attrs.mode === 'reflect' ? 0 : 1;
    let made = torch.handle(x!);
    const shape = x!.shape.map((size, i) => size + attrs.paddings[i]![0] + attrs.paddings[i]![1]);
    for (const [i, [before]] of attrs.paddings.entries()) {
      const size = x!.shape[i]!;
      const index = Int32Array.from({ length: shape[i]! }, (_, j) => {
        const at = j - before;
        if (at < 0) return -at - offset;
        return at < size ? at : 2 * (size - 1) - at + offset;
      });
      if (index.some((at) => at < 0 || at >= size)) return null;
      const list = engine.from(index, [index.length], 'int32');
      made = engine.op('aten::index_select', made, i, list);
    }
    return torch.output(engine.op('aten::clone', made, 0), shape, x!.dtype);
  },
};

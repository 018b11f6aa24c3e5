import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';

interface DilationAttrs {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number;
  dilations: number | [number, number];
}

/** x + filter at every tap of every window: [taps, n, height, width, c], and where each tap lies in the padded x. */
function windows(torch: TorchBackend, { x, filter }: Inputs, attrs: DilationAttrs) {
  if (x!.dtype !== 'float32' || filter!.dtype !== 'float32') return null;
  const { engine } = torch;
  const info = tf.backend_util.computeDilation2DInfo(
    x!.shape as [number, number, number, number],
    filter!.shape as [number, number, number],
    attrs.strides,
    attrs.pad as 'same',
    'NHWC',
    attrs.dilations,
  );
  if (info.inChannels !== filter!.shape[2] || tf.util.sizeFromShape(info.outShape) <= 0)
    return null;
  const { top, bottom, left, right } = info.padInfo;
  // What is no number never wins, nor does what lies outside.
  const clean = (y: Handle) => engine.op('aten::nan_to_num', y, -Infinity, Infinity, -Infinity);
  const padded = engine.pad(
    clean(torch.handle(x!)),
    [0, top, left, 0],
    [0, bottom, right, 0],
    -Infinity,
  );
  const [, tall, wide] = engine.shape(padded) as [number, number, number, number];
  const taps: Handle[] = [];
  const offsets: number[] = [];
  for (let i = 0; i < info.filterHeight; i++) {
    for (let j = 0; j < info.filterWidth; j++) {
      const [row, column] = [i * info.dilationHeight, j * info.dilationWidth];
      const rowEnd = row + (info.outHeight - 1) * info.strideHeight + 1;
      const columnEnd = column + (info.outWidth - 1) * info.strideWidth + 1;
      if (rowEnd > tall || columnEnd > wide) return null;
      const rows = engine.op('aten::slice.Tensor', padded, 1, row, rowEnd, info.strideHeight);
      taps.push(engine.op('aten::slice.Tensor', rows, 2, column, columnEnd, info.strideWidth));
      offsets.push((row * wide + column) * info.inChannels);
    }
  }
  const weights = engine.view(clean(torch.handle(filter!)), [
    taps.length,
    1,
    1,
    1,
    info.inChannels,
  ]);
  const sums = engine.subtract(engine.op('aten::stack', taps, 0), weights, -1);
  return { info, sums, offsets, tall, wide };
}

const winners = (torch: TorchBackend, sums: Handle) =>
  torch.engine.op('aten::argmax', sums, 0, false);

/** Adds dy to `size` zeros at one place for each of its values. */
function gathered(torch: TorchBackend, dy: tf.TensorInfo, places: Handle, size: number): Handle {
  const { engine } = torch;
  const zeros = engine.full([size], 0, 'float32');
  const count = tf.util.sizeFromShape(dy.shape);
  const flat = engine.view(torch.handle(dy), [count]);
  return engine.op('aten::index_put', zeros, [engine.view(places, [count])], flat, true);
}

const byInput: Kernel = (torch, inputs, attrs: DilationAttrs) => {
  const w = windows(torch, inputs, attrs);
  const { x, dy } = inputs;
  if (w === null || dy!.dtype !== 'float32' || !tf.util.arraysEqual(dy!.shape, w.info.outShape)) {
    return null;
  }
  const { engine } = torch;
  const { info, tall, wide } = w;
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  // Where a window begins: a sum over its coordinates, each along a dimension of its own.
  const along = (count: number, step: number, dim: number) => {
    const shape = [1, 1, 1, 1].map((one, i) => (i === dim ? count : one));
    return engine.from(
      Int32Array.from({ length: count }, (_, i) => i * step),
      shape,
      'int32',
    );
  };
  const starts = [
    along(batchSize, tall * wide * inChannels, 0),
    along(outHeight, info.strideHeight * wide * inChannels, 1),
    along(outWidth, info.strideWidth * inChannels, 2),
    along(inChannels, 1, 3),
  ].map((steps) => engine.cast(steps, 'float64'));
  const offsets = engine.from(Int32Array.from(w.offsets), [w.offsets.length], 'int32');
  const count = tf.util.sizeFromShape(dy!.shape);
  const winner = engine.view(engine.contiguous(winners(torch, w.sums)), [count]);
  const chosen = engine.view(engine.op('aten::index_select', offsets, 0, winner), dy!.shape);
  const places = starts.reduce(
    (sum, next) => engine.subtract(sum, next, -1),
    engine.cast(chosen, 'float64'),
  );
  const size = batchSize * tall * wide * inChannels;
  const made = gathered(torch, dy!, engine.contiguous(engine.cast(places, 'int64')), size);
  const { top, left } = info.padInfo;
  const image = engine.view(made, [batchSize, tall, wide, inChannels]);
  const rows = engine.op('aten::slice.Tensor', image, 1, top, top + inHeight, 1);
  const inside = engine.op('aten::slice.Tensor', rows, 2, left, left + inWidth, 1);
  return torch.output(engine.op('aten::clone', inside, 0), x!.shape, 'float32');
};

const byFilter: Kernel = (torch, inputs, attrs: DilationAttrs) => {
  const w = windows(torch, inputs, attrs);
  const { filter, dy } = inputs;
  if (w === null || dy!.dtype !== 'float32' || !tf.util.arraysEqual(dy!.shape, w.info.outShape)) {
    return null;
  }
  const { engine } = torch;
  const { inChannels } = w.info;
  const winner = engine.cast(winners(torch, w.sums), 'float64');
  const first = engine.op('aten::mul.Tensor', winner, engine.scalar(inChannels, 'float64'));
  const channels = Int32Array.from({ length: inChannels }, (_, i) => i);
  const offset = engine.cast(engine.from(channels, [inChannels], 'int32'), 'float64');
  const places = engine.cast(engine.subtract(first, offset, -1), 'int64');
  const made = gathered(torch, dy!, places, w.offsets.length * inChannels);
  return torch.output(engine.view(made, filter!.shape), filter!.shape, 'float32');
};

export const morphologyKernels: KernelTable = {
  Dilation2D: (torch, inputs, attrs: DilationAttrs) => {
    const w = windows(torch, inputs, attrs);
    if (w === null) return null;
    const { engine } = torch;
    const largest = engine.op('aten::amax', w.sums, [0], false);
    // tfjs' word for a window that sees nothing of the image.
    const least = engine.scalar(Number.MIN_SAFE_INTEGER, 'float32');
    const made = engine.contiguous(engine.op('aten::maximum', largest, least));
    return torch.output(made, w.info.outShape, 'float32');
  },
  Dilation2DBackpropInput: byInput,
  Dilation2DBackpropFilter: byFilter,
};

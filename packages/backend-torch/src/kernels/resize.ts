import type * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { KernelTable } from '../kernel.ts';

interface ResizeAttrs {
  size: [number, number];
  alignCorners: boolean;
  halfPixelCenters?: boolean;
}

const ratio = (from: number, to: number, align: boolean) =>
  align && to > 1 ? (from - 1) / (to - 1) : from / to;

/** Interpolation along one dimension as a matrix [to, from], which its gradient transposes. */
function bilinear(from: number, to: number, align: boolean, half: boolean): Float32Array {
  const weights = new Float32Array(to * from);
  const scale = ratio(from, to, align);
  for (let i = 0; i < to; i++) {
    const at = half ? scale * (i + 0.5) - 0.5 : scale * i;
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(from - 1, Math.max(0, Math.ceil(at)));
    weights[i * from + low]! += 1 - (at - low);
    weights[i * from + high]! += at - low;
  }
  return weights;
}

/** Which row each row of the result is taken from. */
function nearest(from: number, to: number, align: boolean, half: boolean): Int32Array {
  const scale = ratio(from, to, align);
  return Int32Array.from({ length: to }, (_, i) => {
    const at = half ? scale * (i + 0.5) : scale * i;
    return Math.max(0, Math.min(from - 1, align ? Math.round(at) : Math.floor(at)));
  });
}

function hot(index: Int32Array, from: number): Float32Array {
  const weights = new Float32Array(index.length * from);
  for (const [i, at] of index.entries()) weights[i * from + at] = 1;
  return weights;
}

/** x [n, h, w, c] times a matrix over its rows and one over its columns, or their transposes. */
function along(
  torch: TorchBackend,
  x: tf.TensorInfo,
  weights: [Float32Array, Float32Array],
  out: [number, number],
  transpose: boolean,
): tf.TensorInfo {
  const { engine } = torch;
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const matrix = (values: Float32Array, from: number, to: number): Handle =>
    transpose
      ? engine.op('aten::transpose.int', engine.from(values, [from, to], 'float32'), 0, 1)
      : engine.from(values, [to, from], 'float32');
  const rows = engine.view(torch.handle(x), [batch, height, width * channels]);
  const tall = engine.op('aten::matmul', matrix(weights[0], height, out[0]), rows);
  const columns = engine.view(engine.contiguous(tall), [batch * out[0], width, channels]);
  const wide = engine.op('aten::matmul', matrix(weights[1], width, out[1]), columns);
  const shape = [batch, out[0], out[1], channels];
  return torch.output(engine.view(engine.contiguous(wide), shape), shape, 'float32');
}

const pair = <T>(make: (i: 0 | 1) => T): [T, T] => [make(0), make(1)];

export const resizeKernels: KernelTable = {
  ResizeBilinear: (torch, { images }, attrs: ResizeAttrs) => {
    if (images!.dtype !== 'float32') return null;
    const { size, alignCorners, halfPixelCenters = false } = attrs;
    const from = images!.shape.slice(1, 3);
    const weights = pair((i) => bilinear(from[i]!, size[i], alignCorners, halfPixelCenters));
    return along(torch, images!, weights, size, false);
  },
  ResizeBilinearGrad: (torch, { images, dy }, { alignCorners }: ResizeAttrs) => {
    if (images!.dtype !== 'float32' || dy!.dtype !== 'float32') return null;
    const out = images!.shape.slice(1, 3) as [number, number];
    const weights = pair((i) => bilinear(out[i], dy!.shape[i + 1]!, alignCorners, false));
    return along(torch, dy!, weights, out, true);
  },
  ResizeNearestNeighbor: (torch, { images }, attrs: ResizeAttrs) => {
    const { engine } = torch;
    const { size, alignCorners, halfPixelCenters = false } = attrs;
    const [batch, height, width, channels] = images!.shape as [number, number, number, number];
    const pick = (x: Handle, dim: number, from: number, to: number) => {
      const index = nearest(from, to, alignCorners, halfPixelCenters);
      return engine.op('aten::index_select', x, dim, engine.from(index, [to], 'int32'));
    };
    const tall = pick(torch.handle(images!), 1, height, size[0]);
    const made = pick(tall, 2, width, size[1]);
    const shape = [batch, size[0], size[1], channels];
    return torch.output(engine.contiguous(made), shape, images!.dtype);
  },
  ResizeNearestNeighborGrad: (torch, { images, dy }, { alignCorners }: ResizeAttrs) => {
    if (dy!.dtype !== 'float32') return null;
    const out = images!.shape.slice(1, 3) as [number, number];
    const weights = pair((i) =>
      hot(nearest(out[i], dy!.shape[i + 1]!, alignCorners, false), out[i]),
    );
    return along(torch, dy!, weights, out, true);
  },
};

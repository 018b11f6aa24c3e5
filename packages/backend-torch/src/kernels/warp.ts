import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { KernelTable } from '../kernel.ts';

/** A pixel of the input that a pixel of the result takes, and its share; -1 for one outside the image. */
type Corner = [pixel: number, share: number];
/** What each pixel of the result is made of, in order, each of equally many corners. */
type Sampling = Corner[][];

/** Pixels [batch height width, c] weighted and summed; what lies outside counts as `fill`, one value a channel. */
function sampled(
  torch: TorchBackend,
  image: tf.TensorInfo,
  sampling: Sampling,
  fill: readonly number[],
  out: number[],
): tf.TensorInfo {
  const { engine } = torch;
  const channels = image.shape.at(-1)!;
  const pixels = tf.util.sizeFromShape(image.shape) / channels;
  const count = sampling.length;
  // One pixel more holds what lies outside.
  const spare = engine.from(Float32Array.from(fill), [1, channels], 'float32');
  const table = engine.op(
    'aten::cat',
    [engine.view(torch.handle(image), [pixels, channels]), spare],
    0,
  );
  const terms = sampling[0]!.map((_, k) => {
    const index = Int32Array.from(sampling, (corners) =>
      corners[k]![0] < 0 ? pixels : corners[k]![0],
    );
    const rows = engine.op('aten::index_select', table, 0, engine.from(index, [count], 'int32'));
    if (sampling[0]!.length === 1) return rows;
    const shares = Float32Array.from(sampling, (corners) => corners[k]![1]);
    return engine.op('aten::mul.Tensor', rows, engine.from(shares, [count, 1], 'float32'));
  });
  const made = terms.reduce((sum, next) => engine.subtract(sum, next, -1));
  return torch.output(engine.view(made, out), out, 'float32');
}

/** Between four pixels, or on the nearest one. `pixel` numbers those of the image, and gives -1 elsewhere. */
function corners(
  y: number,
  x: number,
  bilinear: boolean,
  pixel: (y: number, x: number) => number,
): Corner[] {
  if (!bilinear) return [[pixel(Math.round(y), Math.round(x)), 1]];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, along] = [y - top, x - left];
  return [
    [pixel(top, left), (1 - down) * (1 - along)],
    [pixel(top, left + 1), (1 - down) * along],
    [pixel(top + 1, left), down * (1 - along)],
    [pixel(top + 1, left + 1), down * along],
  ];
}

const same = (value: number, count: number): number[] => new Array<number>(count).fill(value);

interface CropAttrs {
  cropSize: [number, number];
  method: 'bilinear' | 'nearest';
  extrapolationValue: number;
}

interface RotateAttrs {
  radians: number;
  fillValue: number | [number, number, number];
  center: number | [number, number];
}

export const warpKernels: KernelTable = {
  CropAndResize: (torch, { image, boxes, boxInd }, attrs: CropAttrs) => {
    const { cropSize, method, extrapolationValue } = attrs;
    if (image!.dtype !== 'float32' || boxes!.dtype !== 'float32') return null;
    const [batch, height, width, channels] = image!.shape as [number, number, number, number];
    const [count] = boxes!.shape as [number];
    const [tall, wide] = cropSize;
    if (tall < 1 || wide < 1 || boxInd!.shape[0] !== count) return null;
    const { engine } = torch;
    const edges = engine.read(torch.handle(boxes!), count * 4, 'float32');
    const numbers = engine.read(engine.cast(torch.handle(boxInd!), 'int32'), count, 'int32');
    if (numbers.some((number) => number < 0 || number >= batch)) return null;
    const at = (low: number, high: number, size: number, cut: number, i: number) =>
      cut > 1
        ? low * (size - 1) + (i * (high - low) * (size - 1)) / (cut - 1)
        : 0.5 * (low + high) * (size - 1);
    const sampling: Sampling = [];
    for (const [b, number] of numbers.entries()) {
      const [y1, x1, y2, x2] = edges.subarray(4 * b, 4 * b + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      for (let i = 0; i < tall; i++) {
        for (let j = 0; j < wide; j++) {
          const y = at(y1, y2, height, tall, i);
          const x = at(x1, x2, width, wide, j);
          const inside = y >= 0 && y <= height - 1 && x >= 0 && x <= width - 1;
          // The neighbour of the last row or column has no share: any pixel will do.
          const pixel = (row: number, column: number) =>
            inside
              ? (number * height + Math.min(row, height - 1)) * width + Math.min(column, width - 1)
              : -1;
          sampling.push(corners(inside ? y : 0, inside ? x : 0, method === 'bilinear', pixel));
        }
      }
    }
    const out = [count, tall, wide, channels];
    return sampled(torch, image!, sampling, same(extrapolationValue, channels), out);
  },
  RotateWithOffset: (torch, { image }, { radians, fillValue, center }: RotateAttrs) => {
    if (image!.dtype !== 'float32') return null;
    const [batch, height, width, channels] = image!.shape as [number, number, number, number];
    const [centerX, centerY] = tf.backend_util.getImageCenter(center, height, width);
    const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
    const sampling: Sampling = [];
    for (let b = 0; b < batch; b++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const [dx, dy] = [column - centerX, row - centerY];
          const x = Math.round(dx * cos - dy * sin + centerX);
          const y = Math.round(dx * sin + dy * cos + centerY);
          const inside = x >= 0 && x < width && y >= 0 && y < height;
          sampling.push([[inside ? (b * height + y) * width + x : -1, 1]]);
        }
      }
    }
    const opaque = 255;
    const fill =
      typeof fillValue === 'number'
        ? same(fillValue, channels)
        : Array.from({ length: channels }, (_, c) => (c === 3 ? opaque : (fillValue[c] ?? 0)));
    return sampled(torch, image!, sampling, fill, image!.shape);
  },
};

import { PleatGlobalAveragePool, PleatGlobalAveragePoolGrad } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { allocate, type Host, release, run } from '../host.ts';
import { at, type Body, make, register, sizeOf } from './tensor.ts';

/** Blocks that one long sum is cut into, whatever the number of threads. */
const BLOCKS = 64;

/** out [a, c] = scale * sum over r of x [a, r, c]. */
function sumMiddle(
  host: Host,
  x: number,
  out: number,
  a: number,
  r: number,
  c: number,
  scale: number,
): void {
  if (c === 1 && a > 1) {
    run(host, 'sumRuns', [x, a * r, r, scale, out], a, r);
    return;
  }
  // Few long sums are cut into blocks, which threads can share, and the blocks are summed in turn.
  const per = Math.max(c === 1 ? 4096 : 64, Math.ceil(r / BLOCKS));
  const count = Math.ceil(r / per);
  if (a > 1 || count < 2) {
    if (c === 1) run(host, 'sumRuns', [x, r, r, scale, out], 1, r);
    else run(host, 'sumRows', [x, a * r, r, c, scale, out], a, r * c);
    return;
  }
  const parts = allocate(host, count * c * 4);
  if (c === 1) {
    run(host, 'sumRuns', [x, r, per, 1, parts], count, per);
    run(host, 'sumRuns', [parts, count, count, scale, out], 1, count);
  } else {
    run(host, 'sumRows', [x, r, per, c, 1, parts], count, per * c);
    run(host, 'sumRows', [parts, count, count, c, scale, out], 1, count * c);
  }
  release(host, parts);
}

/** Sum or mean over neighbouring axes; others, which need a transposition, are left to the stock kernel. */
function reduction(mean: boolean): Body {
  return ({ host, inputs, attrs }) => {
    const { x } = inputs as { x: tf.TensorInfo };
    const { axis, keepDims } = attrs as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, x.shape).sort((p, q) => p - q);
    const first = axes[0] ?? 0;
    const together = axes.every((value, index) => value === first + index);
    if (x.dtype !== 'float32' || axes.length === 0 || !together) return null;
    const a = sizeOf(x.shape.slice(0, first));
    const r = sizeOf(x.shape.slice(first, first + axes.length));
    const c = sizeOf(x.shape.slice(first + axes.length));
    if (a * r * c === 0) return null;
    const kept = x.shape.map((length, index) => (axes.includes(index) ? 1 : length));
    const out = make(host, keepDims ? kept : x.shape.filter((_, index) => !axes.includes(index)));
    sumMiddle(host, at(host, x), at(host, out), a, r, c, mean ? 1 / r : 1);
    return out;
  };
}

const globalAveragePool: Body = ({ host, inputs }) => {
  const { x } = inputs as { x: tf.TensorInfo };
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const y = make(host, [n, c]);
  run(host, 'sumRows', [at(host, x), n * h * w, h * w, c, 1 / (h * w), at(host, y)], n, h * w * c);
  return y;
};

const globalAveragePoolGrad: Body = ({ host, inputs, attrs }) => {
  const { dy } = inputs as { dy: tf.TensorInfo };
  const { height, width } = attrs as { height: number; width: number };
  const [n, c] = dy.shape as [number, number];
  const dx = make(host, [n, height, width, c]);
  const area = height * width;
  run(host, 'spreadRows', [at(host, dy), area, c, 1 / area, at(host, dx)], n, area * c);
  return dx;
};

/** Registers sums, means and global average pooling. */
export function registerReduce(): void {
  register(tf.Sum, reduction(false));
  register(tf.Mean, reduction(true));
  register(PleatGlobalAveragePool, globalAveragePool);
  register(PleatGlobalAveragePoolGrad, globalAveragePoolGrad);
}

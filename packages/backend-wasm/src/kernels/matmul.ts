import * as tf from '@tensorflow/tfjs';
import { allocate, type Host, release, run } from '../host.ts';
import { finishApart } from './fused.ts';
import {
  allFloat,
  at,
  type Body,
  type Call,
  call,
  drop,
  make,
  register,
  sizeOf,
} from './tensor.ts';

/** Fused activations the product applies itself. */
export const activations: Record<string, number> = { linear: 0, relu: 1, relu6: 2 };

/** A matrix in memory, or a batch of them: element (row, column) lies at row * rowStep + column * step. */
export interface Matrix {
  at: number;
  /** Bytes from a row to the next. */
  row: number;
  /** Bytes from a column to the next. */
  step: number;
  /** Bytes from a matrix of the batch to the next; 0 repeats one matrix. */
  batch: number;
}

/** Panels of 8 columns of b [k, n], as the product reads them; release them after use. */
export function packed(host: Host, b: Matrix, k: number, n: number, count = 1): number {
  const panels = Math.ceil(n / 8);
  const out = allocate(host, count * panels * k * 32);
  run(host, 'packPanels', [b.at, b.row, b.step, b.batch, out, k, n], count * panels, k * 8);
  return out;
}

/** c [batch, m, n] = act(a b + bias). */
export function multiply(
  host: Host,
  a: Matrix,
  b: Matrix,
  c: number,
  [batch, m, n, k]: readonly [number, number, number, number],
  bias = 0,
  act = 0,
): void {
  if (batch * m * n === 0) return;
  const direct = b.step === 4 && n % 8 === 0 && (n <= 128 || m <= 6);
  const distinct = b.batch === 0 ? 1 : batch;
  const panels = direct ? 0 : packed(host, b, k, n, distinct);
  const [from, step, panel] = direct ? [b.at, b.row, 32] : [panels, 32, k * 32];
  const next = b.batch === 0 ? 0 : direct ? b.batch : Math.ceil(n / 8) * k * 32;
  const tiles = batch * Math.ceil(m / 4);
  const left = [a.at, a.row, a.step, a.batch];
  const work = n * k;
  run(host, 'gemm', [...left, from, step, panel, next, c, m, n, k, 0, bias, act], tiles, work);
  if (!direct) release(host, panels);
}

/** Leading axes of a and b joined by broadcasting, as far as the product can do it itself. */
function batches(a: number[], b: number[]): { shape: number[]; a: number; b: number } | null {
  const [sizeA, sizeB] = [sizeOf(a), sizeOf(b)];
  if (sizeA !== 1 && sizeB !== 1 && !tf.util.arraysEqual(a, b)) return null;
  return { shape: tf.broadcast_util.assertAndGetBroadcastShape(a, b), a: sizeA, b: sizeB };
}

interface MatMulAttributes {
  transposeA?: boolean;
  transposeB?: boolean;
  activation?: string;
}

/** The product of float32 matrices, with what the kernel takes along; null where leading axes differ. */
function product({ host, inputs, attrs }: Call): tf.TensorInfo | null {
  const { a, b, bias } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo };
  const { transposeA, transposeB, activation = 'linear' } = attrs as MatMulAttributes;
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [inner, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== k) {
    throw new Error(
      `matMul: expected matrices that share an inner axis, got [${a.shape}] and [${b.shape}], transposed ${[!!transposeA, !!transposeB]}; check their shapes.`,
    );
  }
  const leading = batches(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (!leading) return null;
  const act = activations[activation];
  const together = act !== undefined && (!bias || (sizeOf(bias.shape) === n && n > 1));
  const count = sizeOf(leading.shape);
  const out = make(host, [...leading.shape, m, n]);
  const [p, q] = [at(host, a), at(host, b)];
  const [lineA, lineB] = [columnsA * 4, columnsB * 4];
  const batchA = leading.a === 1 ? 0 : m * k * 4;
  const batchB = leading.b === 1 ? 0 : k * n * 4;
  multiply(
    host,
    { at: p, row: transposeA ? 4 : lineA, step: transposeA ? lineA : 4, batch: batchA },
    { at: q, row: transposeB ? 4 : lineB, step: transposeB ? lineB : 4, batch: batchB },
    at(host, out),
    [count, m, n, k],
    together && bias ? at(host, bias) : 0,
    together ? act : 0,
  );
  return together ? out : finishApart(host, out, inputs, attrs);
}

/** Products of other types by way of float32, which is exact below 2^24. */
const matMul: Body = (given) => {
  const { host, inputs } = given;
  const { a, b, bias } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo };
  if (allFloat(a, b, bias)) return product(given);
  if (bias) return null;
  const float = (x: tf.TensorInfo) => call(host, tf.Cast, { x }, { dtype: 'float32' });
  const [x, y] = [float(a), float(b)];
  const out = product({ ...given, inputs: { a: x, b: y } });
  drop(host, x);
  drop(host, y);
  if (!out) return null;
  const result = call(host, tf.Cast, { x: out }, { dtype: tf.upcastType(a.dtype, b.dtype) });
  drop(host, out);
  return result;
};

/** Registers the matrix products. */
export function registerMatMul(): void {
  register(tf.BatchMatMul, matMul);
  register(tf._FusedMatMul, matMul);
}

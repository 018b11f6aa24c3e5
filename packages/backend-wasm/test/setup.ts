import * as tf from '@tensorflow/tfjs';
import { registerWasm, type WasmOptions } from '../src/index.ts';

/** A small generator of its own (Park & Miller 1988), so that a failure can be run again. */
export function generator(seed: number): (low: number, high: number) => number {
  let state = seed * 7919 + 1;
  return (low, high) => {
    state = (state * 48271) % 2147483647;
    return low + Math.floor((state / 2147483647) * (high - low + 1));
  };
}

/** Numbers around zero, about as large as activations are. */
export function numbers(seed: number, count: number): Float32Array {
  const pick = generator(seed);
  return Float32Array.from({ length: count }, () => (pick(-3000, 3000) + pick(-3000, 3000)) / 2000);
}

/** A tensor of numbers(seed). */
export function random(seed: number, shape: number[]): tf.Tensor {
  return tf.tensor(numbers(seed, tf.util.sizeFromShape(shape)), shape);
}

/** Sets up the backend under test. */
export async function useWasm(options: WasmOptions = { threads: 2 }): Promise<void> {
  await registerWasm(options);
  await tf.setBackend('wasm');
}

/** What an operation gives on a backend, and how many tensors it left behind. */
export async function on(
  backend: string,
  work: () => tf.Tensor | tf.Tensor[],
): Promise<{ values: Float32Array[]; left: number }> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => {
    const out = work();
    return (Array.isArray(out) ? out : [out]) as tf.Tensor[];
  });
  const values = results.map((tensor) => tensor.dataSync() as Float32Array);
  tf.dispose(results);
  return { values, left: tf.memory().numTensors - before };
}

/** The largest difference between two lists of arrays, beside the size of the numbers. */
export function difference(ours: Float32Array[], theirs: Float32Array[]): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  ours.forEach((list, index) => {
    const other = theirs[index]!;
    if (list.length !== other.length) worst = Number.POSITIVE_INFINITY;
    const scale = other.reduce((top, value) => Math.max(top, Math.abs(value)), 1);
    list.forEach((value, place) => {
      const off = Math.abs(value - other[place]!) / scale;
      if (!(off <= worst)) worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
    });
  });
  return worst;
}

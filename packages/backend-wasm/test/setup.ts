import * as tf from '@tensorflow/tfjs';
import { registerWasm, type WasmOptions } from '../src/index.ts';

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

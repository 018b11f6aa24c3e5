import { createKernel } from './kernel.ts';

/** Adds up L1 distances of rows, chunk of columns by chunk. */
export interface L1Sums {
  /** The chunk: `rows` rows of `length` floats; those past what a caller fills stay 0. */
  readonly chunk: Float32Array;
  readonly rows: number;
  readonly length: number;
  /** sums[i * rows + j], known for i <= j. */
  readonly sums: Float64Array;
  /** Adds weight * |row i - row j| of the chunk to all sums. */
  add(weight: number): void;
}

// A chunk of a thousand rows stays in the second-level cache.
const chunkLength = 256;
const roundUp = (n: number): number => (n + 3) & ~3;

/** Sums for n rows, in WebAssembly memory, or null where there is none. */
export function compiledL1(n: number): L1Sums | null {
  const rows = roundUp(n);
  const chunkBytes = 4 * rows * chunkLength;
  const kernel = createKernel(chunkBytes + 8 * rows * rows);
  if (!kernel) return null;
  const { buffer } = kernel.memory;
  return {
    rows,
    length: chunkLength,
    chunk: new Float32Array(buffer, 0, rows * chunkLength),
    sums: new Float64Array(buffer, chunkBytes, rows * rows),
    add: (weight) => kernel.l1(0, rows, chunkLength, weight, chunkBytes),
  };
}

/** The same bits in plain JavaScript: four float32 sums side by side, joined in pairs. */
export function portableL1(n: number): L1Sums {
  const rows = roundUp(n);
  const length = chunkLength;
  const chunk = new Float32Array(rows * length);
  const sums = new Float64Array(rows * rows);
  const { fround, abs } = Math;
  function add(weight: number): void {
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        let [s0, s1, s2, s3] = [0, 0, 0, 0];
        for (let a = i * length, b = j * length, end = a + length; a < end; a += 4, b += 4) {
          s0 = fround(s0 + abs(fround(chunk[a]! - chunk[b]!)));
          s1 = fround(s1 + abs(fround(chunk[a + 1]! - chunk[b + 1]!)));
          s2 = fround(s2 + abs(fround(chunk[a + 2]! - chunk[b + 2]!)));
          s3 = fround(s3 + abs(fround(chunk[a + 3]! - chunk[b + 3]!)));
        }
        sums[i * rows + j]! += weight * fround(fround(s0 + s1) + fround(s2 + s3));
      }
    }
  }
  return { chunk, rows, length, sums, add };
}

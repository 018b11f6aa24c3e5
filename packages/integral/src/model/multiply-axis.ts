import type { SparseMatrix } from '../interpolation/basis.ts';

/** Entries of every row of a matrix with at most four a row, filled up with zeros. */
interface FourTaps {
  columns: Int32Array;
  factors: Float32Array;
}

function fourTaps({ rows, starts, columns, values }: SparseMatrix): FourTaps | null {
  const taps = { columns: new Int32Array(4 * rows), factors: new Float32Array(4 * rows) };
  for (let r = 0; r < rows; r++) {
    const from = starts[r]!;
    const count = starts[r + 1]! - from;
    if (count > 4 || count === 0) return null;
    for (let t = 0; t < 4; t++) {
      taps.columns[4 * r + t] = columns[from + Math.min(t, count - 1)]!;
      if (t < count) taps.factors[4 * r + t] = values[from + t]!;
    }
  }
  return taps;
}

/** Rows of interpolation: four sources at once are one pass over the target. */
function multiplyFour(
  values: Float32Array,
  outer: number,
  inner: number,
  { rows, cols }: SparseMatrix,
  { columns, factors }: FourTaps,
): Float32Array {
  const out = new Float32Array(outer * rows * inner);
  for (let o = 0; o < outer; o++) {
    const base = o * cols;
    for (let r = 0; r < rows; r++) {
      const at = 4 * r;
      const f0 = factors[at]!;
      const f1 = factors[at + 1]!;
      const f2 = factors[at + 2]!;
      const f3 = factors[at + 3]!;
      const s0 = (base + columns[at]!) * inner;
      const s1 = (base + columns[at + 1]!) * inner;
      const s2 = (base + columns[at + 2]!) * inner;
      const s3 = (base + columns[at + 3]!) * inner;
      const target = (o * rows + r) * inner;
      if (inner === 1) {
        out[target] = f0 * values[s0]! + f1 * values[s1]! + f2 * values[s2]! + f3 * values[s3]!;
        continue;
      }
      for (let j = 0; j < inner; j++) {
        out[target + j] =
          f0 * values[s0 + j]! + f1 * values[s1 + j]! + f2 * values[s2 + j]! + f3 * values[s3 + j]!;
      }
    }
  }
  return out;
}

/** Multiplies the middle axis of [outer, matrix.cols, inner] by a sparse matrix: [outer, matrix.rows, inner]. */
export function multiplyAxis(
  values: Float32Array,
  outer: number,
  inner: number,
  matrix: SparseMatrix,
): Float32Array {
  const taps = fourTaps(matrix);
  if (taps !== null) return multiplyFour(values, outer, inner, matrix, taps);
  const { rows, cols, starts, columns, values: factors } = matrix;
  const out = new Float32Array(outer * rows * inner);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      const target = (o * rows + r) * inner;
      for (let k = starts[r]!; k < starts[r + 1]!; k++) {
        const factor = factors[k]!;
        const source = (o * cols + columns[k]!) * inner;
        for (let j = 0; j < inner; j++) {
          out[target + j] = out[target + j]! + factor * values[source + j]!;
        }
      }
    }
  }
  return out;
}

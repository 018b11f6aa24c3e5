import type { SparseMatrix } from '../interpolation/basis.ts';
import { compiledInterpolator, type Interpolator, type Runs } from './kernel.ts';

const width = 4;

/** The runs of a matrix, or null where a row reads columns further apart than four. */
export function runsOf({ rows, cols, starts, columns, values }: SparseMatrix): Runs | null {
  if (cols < width) return null;
  const runs = { firsts: new Int32Array(rows), factors: new Float64Array(width * rows) };
  for (let r = 0; r < rows; r++) {
    let [low, high] = [cols, 0];
    for (let i = starts[r]!; i < starts[r + 1]!; i++) {
      low = Math.min(low, columns[i]!);
      high = Math.max(high, columns[i]!);
    }
    const first = Math.min(low, cols - width);
    if (high >= first + width) return null;
    runs.firsts[r] = first;
    for (let i = starts[r]!; i < starts[r + 1]!; i++) {
      runs.factors[width * r + columns[i]! - first] = values[i]!;
    }
  }
  return runs;
}

/** Multiplies one row of values by a matrix. */
function multiplyRow(out: Float32Array, values: Float32Array, { firsts, factors }: Runs): void {
  for (let r = 0; r < out.length; r++) {
    const first = firsts[r]!;
    const at = width * r;
    out[r] =
      factors[at]! * values[first]! +
      factors[at + 2]! * values[first + 2]! +
      (factors[at + 1]! * values[first + 1]! + factors[at + 3]! * values[first + 3]!);
  }
}

/**
 * The interpolation of pieces in plain JavaScript: four products are added in pairs, as assembly/kernel.ts does.
 *
 * One function without calls within its loops, sizes as integers: both make it several times as fast in V8.
 */
export function portableInterpolator(
  innerSize: number,
  { firsts, factors }: Runs,
  last: Runs | null,
): Interpolator {
  // A size that was rounded is a floating-point number to the engine, and so is every index made of it.
  const inner = innerSize | 0;
  const rows = firsts.length | 0;
  const lastFirsts = last?.firsts ?? firsts;
  const lastFactors = last?.factors ?? factors;
  const length = last === null ? inner : lastFirsts.length | 0;
  // Sums are rounded to float32 once, when they are done.
  const sums = new Float64Array(inner);
  const second = 2 * inner;
  const third = 3 * inner;
  return (values, out) => {
    let target = 0;
    for (let r = 0; r < rows; r++) {
      const f0 = factors[width * r]!;
      const f1 = factors[width * r + 1]!;
      const f2 = factors[width * r + 2]!;
      const f3 = factors[width * r + 3]!;
      const from = firsts[r]! * inner;
      const source = values.subarray(from, from + width * inner);
      for (let j = 0; j < inner; j++) {
        sums[j] =
          f0 * source[j]! +
          f2 * source[j + second]! +
          (f1 * source[j + inner]! + f3 * source[j + third]!);
      }
      if (last === null) {
        out.set(sums, target);
        target += inner;
        continue;
      }
      for (let q = 0; q < length; q++) {
        const at = width * q;
        const first = lastFirsts[q]!;
        const even = lastFactors[at]! * sums[first]! + lastFactors[at + 2]! * sums[first + 2]!;
        const odd =
          lastFactors[at + 1]! * sums[first + 1]! + lastFactors[at + 3]! * sums[first + 3]!;
        out[target++] = even + odd;
      }
    }
  };
}

/** Interpolation along the middle axis of [outer, cols, inner], and along the last one too where `last` says how. */
function multiplyRuns(
  values: Float32Array,
  outer: number,
  inner: number,
  cols: number,
  own: Runs,
  last: Runs | null,
): Float32Array {
  const piece = cols * inner;
  const made = own.firsts.length * (last === null ? inner : last.firsts.length);
  const interpolate =
    compiledInterpolator(cols, inner, own, last) ?? portableInterpolator(inner, own, last);
  const out = new Float32Array(outer * made);
  for (let o = 0; o < outer; o++) {
    interpolate(
      values.subarray(o * piece, (o + 1) * piece),
      out.subarray(o * made, (o + 1) * made),
    );
  }
  return out;
}

/**
 * Multiplies the last two axes of [outer, first.cols, last.cols] by a sparse matrix each, in one pass where both interpolate.
 * @returns [outer, first.rows, last.rows]
 */
export function multiplyTwoAxes(
  values: Float32Array,
  outer: number,
  first: SparseMatrix,
  last: SparseMatrix,
): Float32Array {
  const [own, then] = [runsOf(first), runsOf(last)];
  if (own !== null && then !== null) {
    return multiplyRuns(values, outer, last.cols, first.cols, own, then);
  }
  const half = multiplyAxis(values, outer, last.cols, first);
  return multiplyAxis(half, outer * first.rows, 1, last);
}

/** Multiplies the middle axis of [outer, matrix.cols, inner] by a sparse matrix: [outer, matrix.rows, inner]. */
export function multiplyAxis(
  values: Float32Array,
  outer: number,
  inner: number,
  matrix: SparseMatrix,
): Float32Array {
  const runs = runsOf(matrix);
  if (runs !== null && inner === 1) {
    const out = new Float32Array(outer * matrix.rows);
    for (let o = 0; o < outer; o++) {
      const from = o * matrix.cols;
      const target = o * matrix.rows;
      const row = values.subarray(from, from + matrix.cols);
      multiplyRow(out.subarray(target, target + matrix.rows), row, runs);
    }
    return out;
  }
  if (runs !== null) return multiplyRuns(values, outer, inner, matrix.cols, runs, null);
  const { rows, cols, starts, columns, values: factors } = matrix;
  const out = new Float32Array(outer * rows * inner);
  // Rounded once, when all sources are added.
  const sums = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      sums.fill(0);
      for (let k = starts[r]!; k < starts[r + 1]!; k++) {
        const factor = factors[k]!;
        const source = (o * cols + columns[k]!) * inner;
        for (let j = 0; j < inner; j++) sums[j] = sums[j]! + factor * values[source + j]!;
      }
      out.set(sums, (o * rows + r) * inner);
    }
  }
  return out;
}

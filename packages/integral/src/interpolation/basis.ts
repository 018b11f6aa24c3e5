import { requireCount } from '../arguments.ts';
import {
  cubicKernel,
  cubicSlope,
  gridSteps,
  type Interpolation,
  type InterpolationOptions,
  linearKernel,
  linearSlope,
  outside,
  reach,
} from './kernels.ts';
import { interpolation } from './options.ts';

/** A matrix by its rows: row r holds `values[i]` in column `columns[i]` for i from `starts[r]` to `starts[r + 1]`. */
export interface SparseMatrix {
  rows: number;
  cols: number;
  starts: Int32Array;
  columns: Int32Array;
  values: Float64Array;
}

/** Collects a sparse matrix row by row. */
class RowWriter {
  readonly #columns: number[] = [];
  readonly #values: number[] = [];
  readonly #starts = [0];

  /** Adds a row; entries of the same column are summed, zeros left out. */
  add(entries: ReadonlyMap<number, number>): void {
    for (const [column, value] of entries) {
      if (value === 0) continue;
      this.#columns.push(column);
      this.#values.push(value);
    }
    this.#starts.push(this.#columns.length);
  }

  matrix(cols: number): SparseMatrix {
    return {
      rows: this.#starts.length - 1,
      cols,
      starts: Int32Array.from(this.#starts),
      columns: Int32Array.from(this.#columns),
      values: Float64Array.from(this.#values),
    };
  }
}

function kernelOf({ kernel, a }: Interpolation): (x: number) => number {
  return kernel === 'cubic' ? (x) => cubicKernel(x, a) : linearKernel;
}

function slopeOf({ kernel, a }: Interpolation): (x: number) => number {
  return kernel === 'cubic' ? (x) => cubicSlope(x, a) : linearSlope;
}

/** A row of the matrix: the kernel, `widen` times as wide, laid over the coefficients around u. */
function row(
  u: number,
  count: number,
  widen: number,
  options: Interpolation,
  kernel: (x: number) => number = kernelOf(options),
): Map<number, number> {
  const radius = reach(options.kernel) * widen;
  const entries = new Map<number, number>();
  const add = (index: number, value: number) =>
    entries.set(index, (entries.get(index) ?? 0) + value);
  let sum = 0;
  // Nothing is left of a kernel at its reach, save rounding.
  for (let i = Math.floor(u - radius) + 1; i < u + radius; i++) {
    const value = kernel((u - i) / widen);
    sum += value;
    if (i >= 0 && i < count) add(i, value);
    else for (const [index, factor] of outside(i, count, options)) add(index, value * factor);
  }
  // A widened kernel adds up to about its width; interpolation's own sum is 1 up to rounding.
  if (widen > 1) for (const [index, value] of entries) entries.set(index, value / sum);
  return entries;
}

/**
 * The matrix that evaluates an interpolated function: values at positions = matrix x coefficients.
 * @param positions In [0, 1], in any order.
 * @param count Coefficients, m.
 * @param options Kernel, boundary and alignment.
 * @returns One row a position, at most four entries each (linear: two); each row adds up to 1.
 * @throws RangeError When a position is outside [0, 1] or an option none of those there are.
 * @see Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29, 1981.
 * @example
 * toDense(basisMatrix([0.25], 3)); // 0.375, 0.75, -0.125: exact for parabolas
 */
export function basisMatrix(
  positions: ArrayLike<number>,
  count: number,
  options: InterpolationOptions = {},
): SparseMatrix {
  return sampledRows('basisMatrix', positions, count, () => 1, options);
}

/** How fast each entry of `basisMatrix` changes with its row's position; positions are not checked. */
export function basisSlopes(
  positions: ArrayLike<number>,
  count: number,
  options: InterpolationOptions,
): SparseMatrix {
  const chosen = interpolation('basisSlopes', options);
  const { scale, shift } = gridSteps(count, chosen.alignment);
  const slope = slopeOf(chosen);
  const rows = new RowWriter();
  for (let i = 0; i < positions.length; i++) {
    const u = snap(positions[i]! * scale + shift);
    rows.add(row(u, count, 1, chosen, (x) => scale * slope(x)));
  }
  return rows.matrix(count);
}

/**
 * The matrix that samples an interpolated function after smoothing it over the distance between the samples, so that a
 * coarse sampling sees every coefficient: area averaging, as images are made smaller.
 * @param positions In [0, 1], ascending.
 * @param count Coefficients, m.
 * @param options Kernel, boundary and alignment.
 * @returns One row a position; each adds up to 1. Where positions are no further apart than coefficients it is basisMatrix.
 * @throws RangeError As basisMatrix.
 * @example
 * const halves = areaMatrix([0.25, 0.75], 4, { kernel: 'linear', boundary: 'clamp', alignment: 'cells' });
 * toDense(halves); // row 0: 0.5, 0.375, 0.125, 0
 */
export function areaMatrix(
  positions: ArrayLike<number>,
  count: number,
  options: InterpolationOptions = {},
): SparseMatrix {
  const last = positions.length - 1;
  const spacing = (i: number): number => {
    if (last === 0) return 1;
    const left = positions[Math.max(0, i - 1)]!;
    const right = positions[Math.min(last, i + 1)]!;
    return (right - left) / (Math.min(last, i + 1) - Math.max(0, i - 1));
  };
  const widen = (i: number, scale: number) => Math.max(1, spacing(i) * scale);
  return sampledRows('areaMatrix', positions, count, widen, options);
}

function sampledRows(
  who: string,
  positions: ArrayLike<number>,
  count: number,
  widen: (index: number, scale: number) => number,
  options: InterpolationOptions,
): SparseMatrix {
  requireCount(who, 'the number of coefficients', count);
  const chosen = interpolation(who, options);
  const { scale, shift } = gridSteps(count, chosen.alignment);
  const rows = new RowWriter();
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    if (!(position >= 0 && position <= 1)) {
      throw new RangeError(`${who}: position ${i} is ${position}; expected one in [0, 1].`);
    }
    rows.add(row(snap(position * scale + shift), count, widen(i, scale), chosen));
  }
  return rows.matrix(count);
}

/** A node hit up to rounding is hit: at the coefficients' own positions the matrix is the identity, exactly. */
function snap(u: number): number {
  const nearest = Math.round(u);
  return Math.abs(u - nearest) < 1e-9 * Math.max(1, nearest) ? nearest : u;
}

/**
 * A sparse matrix written out, row-major.
 * @param matrix Any.
 * @returns rows x cols numbers.
 * @example
 * toDense(basisMatrix([0, 1], 2)); // 1, 0, 0, 1
 */
export function toDense({ rows, cols, starts, columns, values }: SparseMatrix): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    for (let i = starts[r]!; i < starts[r + 1]!; i++) {
      out[r * cols + columns[i]!] = out[r * cols + columns[i]!]! + values[i]!;
    }
  }
  return out;
}

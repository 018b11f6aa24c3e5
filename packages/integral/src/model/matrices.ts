import { areaMatrix, basisMatrix, type SparseMatrix } from '../interpolation/basis.ts';
import type { Alignment, InterpolationOptions } from '../interpolation/kernels.ts';
import { uniformPartition } from '../partition/fixed.ts';
import { cellWeights } from '../quadrature/midpoint.ts';
import { type QuadratureName, quadrature } from '../quadrature/registry.ts';

/** How the weights of an integral model are sampled from their coefficients. */
export interface Sampling {
  interpolation: InterpolationOptions & { alignment: Alignment };
  quadrature: QuadratureName;
  /** `point`: the function where a position is; `area`: its mean over the distance to the neighbours. */
  filter: 'point' | 'area';
}

/** What a weight's axis is multiplied by: `output` samples, `input` samples and weighs, `positive` never overshoots. */
export type MatrixUse = 'output' | 'input' | 'positive';

/** The three matrices [size, coefficients] of a group at some positions. */
export type Matrices = Readonly<Record<MatrixUse, SparseMatrix>>;

/** The interpolation that never overshoots, on the same grid. */
export const linearOn = (alignment: Alignment): InterpolationOptions => ({
  kernel: 'linear',
  boundary: 'clamp',
  alignment,
});

/** A row of a matrix times a vector. */
export function rowDot(
  { starts, columns, values }: SparseMatrix,
  row: number,
  vector: ArrayLike<number>,
): number {
  let sum = 0;
  for (let i = starts[row]!; i < starts[row + 1]!; i++) sum += values[i]! * vector[columns[i]!]!;
  return sum;
}

/**
 * How much each sample counts in a sum over channels, where each coefficient on its own grid counts 1.
 *
 * The weights of the quadrature at the positions over those on the grid itself, then scaled so that they add up to the number
 * of coefficients: on the grid every weight is 1, and constant weights keep their sum at any size, exactly. (Weights that are
 * divided by the grid's own quadrature weights before they are interpolated lose that: the ends of a constant stand out.)
 */
function sampleWeights(
  positions: ArrayLike<number>,
  count: number,
  { interpolation, quadrature: name }: Pick<Sampling, 'interpolation' | 'quadrature'>,
): Float64Array {
  const { alignment } = interpolation;
  const grid = uniformPartition(count, alignment);
  // Gauss' weights fit Gauss' nodes alone: on the grid each coefficient then counts the same.
  const bound = name === 'gauss-legendre';
  const own = bound ? Float64Array.from(grid, () => 1) : quadrature(name).weights(grid);
  const here = name === 'midpoint' ? cellWeights(positions) : quadrature(name).weights(positions);
  const there = basisMatrix(positions, count, linearOn(alignment));
  const ratios = Float64Array.from(here, (weight, r) => weight / rowDot(there, r, own));
  const total = ratios.reduce((a, b) => a + b, 0);
  return ratios.map((ratio) => (ratio * count) / total);
}

/** A matrix with each row times its weight. */
export function weighted(matrix: SparseMatrix, weights: ArrayLike<number>): SparseMatrix {
  const values = matrix.values.slice();
  for (let r = 0; r < matrix.rows; r++) {
    for (let i = matrix.starts[r]!; i < matrix.starts[r + 1]!; i++) {
      values[i] = values[i]! * weights[r]!;
    }
  }
  return { ...matrix, values };
}

/** The matrices of fixed positions. */
export function matricesAt(
  positions: ArrayLike<number>,
  count: number,
  sampling: Sampling,
): Matrices {
  const { interpolation, filter } = sampling;
  const rows = filter === 'area' ? areaMatrix : basisMatrix;
  const output = rows(positions, count, interpolation);
  return {
    output,
    input: weighted(output, sampleWeights(positions, count, sampling)),
    positive: rows(positions, count, { ...interpolation, kernel: 'linear', boundary: 'clamp' }),
  };
}

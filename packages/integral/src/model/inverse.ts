import { type SparseMatrix, toDense } from '../interpolation/basis.ts';
import { solveInPlace } from './cholesky.ts';

/**
 * The pseudo-inverse (M^T M)^-1 M^T [cols, rows] of a matrix of full column rank: what turns samples into the coefficients
 * that come nearest to them in the sum of squares.
 */
export function leastSquaresInverse(matrix: SparseMatrix): Float64Array {
  const { rows, cols } = matrix;
  const dense = toDense(matrix);
  const gram = new Float64Array(cols * cols);
  const right = new Float64Array(cols * rows);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < cols; i++) {
      const own = dense[r * cols + i]!;
      right[i * rows + r] = own;
      if (own === 0) continue;
      for (let j = 0; j < cols; j++) {
        gram[i * cols + j] = gram[i * cols + j]! + own * dense[r * cols + j]!;
      }
    }
  }
  solveInPlace(gram, right, cols, rows);
  return right;
}

/** Solves M X = B for a symmetric positive semi-definite M [n, n] by Cholesky; B [n, m] becomes X, M its factor. */
export function solveInPlace(
  matrix: Float64Array,
  right: Float64Array,
  n: number,
  m: number,
): void {
  const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      if (i > j) matrix[i * n + j] = sum / matrix[j * n + j]!;
      // A feature that those before it tell, or that never varies, is not used.
      else matrix[j * n + j] = sum > 1e-13 * largest ? Math.sqrt(sum) : Number.POSITIVE_INFINITY;
    }
  }
  const eliminate = (row: number, other: number, factor: number) => {
    if (factor === 0) return;
    for (let c = 0; c < m; c++) {
      right[row * m + c] = right[row * m + c]! - factor * right[other * m + c]!;
    }
  };
  const divide = (row: number) => {
    const by = matrix[row * n + row]!;
    for (let c = 0; c < m; c++) right[row * m + c] = right[row * m + c]! / by;
  };
  for (let row = 0; row < n; row++) {
    for (let other = 0; other < row; other++) eliminate(row, other, matrix[row * n + other]!);
    divide(row);
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let other = row + 1; other < n; other++) eliminate(row, other, matrix[other * n + row]!);
    divide(row);
  }
}

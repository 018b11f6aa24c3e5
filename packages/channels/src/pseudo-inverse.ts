import type { Rows } from './remap.ts';

/**
 * The transposed pseudo-inverse of a matrix [n, m] of full row rank: R with R^T M x = x for every x in its row space.
 *
 * R = (M M^T)^-1 M, solved by Gaussian elimination with partial pivoting in float64.
 * @throws RangeError When rows depend on one another.
 */
export function transposedPseudoInverse(who: string, matrix: Rows): Float64Array[] {
  const n = matrix.length;
  const rows = matrix.map((row) => Float64Array.from(row));
  const gram = rows.map((a) =>
    Float64Array.from(rows, (b) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0)),
  );
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(gram[row]?.[column] ?? 0) > Math.abs(gram[pivot]?.[column] ?? 0)) pivot = row;
    }
    const scale = (gram[pivot] as Float64Array).reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      Number.MIN_VALUE,
    );
    if (!(Math.abs(gram[pivot]?.[column] ?? 0) > 1e-10 * scale)) {
      throw new RangeError(
        `${who}: the rows of the matrix depend on one another, so no inverse tells how the channels are read; give 'inputs' as well.`,
      );
    }
    for (const side of [gram, rows]) {
      const moved = side[column] as Float64Array<ArrayBuffer>;
      side[column] = side[pivot] as Float64Array<ArrayBuffer>;
      side[pivot] = moved;
    }
    const lead = gram[column] as Float64Array;
    const right = rows[column] as Float64Array;
    const inverse = 1 / (lead[column] as number);
    for (let i = 0; i < n; i++) lead[i] = (lead[i] as number) * inverse;
    for (let i = 0; i < right.length; i++) right[i] = (right[i] as number) * inverse;
    for (let row = 0; row < n; row++) {
      const factor = gram[row]?.[column] ?? 0;
      if (row === column || factor === 0) continue;
      const target = gram[row] as Float64Array;
      const other = rows[row] as Float64Array;
      for (let i = 0; i < n; i++) target[i] = (target[i] as number) - factor * (lead[i] as number);
      for (let i = 0; i < other.length; i++) {
        other[i] = (other[i] as number) - factor * (right[i] as number);
      }
    }
  }
  return rows;
}

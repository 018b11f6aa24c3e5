/** A symmetric matrix of distances: `data[i * n + j]`, zero diagonal. */
export interface SquareMatrix {
  readonly n: number;
  readonly data: Float32Array | Float64Array;
}

const tile = 64;

/**
 * Checks that a matrix is square.
 *
 * @param matrix what a caller gave
 * @throws RangeError when it is not
 */
export function checkSquare({ n, data }: SquareMatrix): void {
  if (!Number.isInteger(n) || n < 2) {
    throw new RangeError(`solve: n must be a whole number of cities, 2 or more; it is ${n}.`);
  }
  if (data.length !== n * n) {
    throw new RangeError(
      `solve: a matrix of ${n} cities has ${n * n} entries; data holds ${data.length}. Pass all n * n, row by row.`,
    );
  }
}

/**
 * Checks that a square matrix holds distances.
 *
 * @throws RangeError that names the first entry that is no number, negative, asymmetric or off a zero diagonal
 */
export function checkDistances(matrix: SquareMatrix): void {
  const { n } = matrix;
  // Tile by tile: going down a column of a large matrix would miss the cache at every entry.
  for (let top = 0; top < n; top += tile) {
    for (let left = 0; left <= top; left += tile) checkTile(matrix, top, left);
  }
}

function checkTile({ n, data }: SquareMatrix, top: number, left: number): void {
  for (let i = top; i < Math.min(top + tile, n); i++) {
    for (let j = left; j <= Math.min(left + tile - 1, i); j++) {
      const value = data[i * n + j]!;
      const mirrored = data[j * n + i]!;
      if (value >= 0 && value < Infinity && value === mirrored && (i !== j || value === 0))
        continue;
      if (!(value >= 0 && value < Infinity)) {
        throw new RangeError(
          `solve: distance [${i}, ${j}] is ${value}; distances are finite and not negative.`,
        );
      }
      throw new RangeError(
        i === j
          ? `solve: the distance of city ${i} to itself is ${value}, not 0.`
          : `solve: distance [${i}, ${j}] is ${value} but [${j}, ${i}] is ${mirrored}; distances must be symmetric.`,
      );
    }
  }
}

/** Length of the open path, or closed tour, that visits cities in an order. */
export function lengthOf(matrix: SquareMatrix, order: ArrayLike<number>, closed: boolean): number {
  const { n, data } = matrix;
  let sum = 0;
  for (let i = 1; i < order.length; i++) sum += data[order[i - 1]! * n + order[i]!]!;
  if (closed && order.length > 1) sum += data[order[order.length - 1]! * n + order[0]!]!;
  return sum;
}

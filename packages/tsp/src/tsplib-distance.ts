/** A city's coordinates. */
type Point = readonly [number, number];

// TSPLIB95 fixes this value of pi, and truncation in place of rounding, for geographic distances.
// biome-ignore lint/suspicious/noApproximativeNumericConstant: the format says so
const tsplibPi = 3.141592;
const earthRadius = 6378.388;

function radians(coordinate: number): number {
  const degrees = Math.trunc(coordinate);
  return (tsplibPi * (degrees + (5 * (coordinate - degrees)) / 3)) / 180;
}

function geographic([x1, y1]: Point, [x2, y2]: Point): number {
  const [latitude1, longitude1] = [radians(x1), radians(y1)];
  const [latitude2, longitude2] = [radians(x2), radians(y2)];
  const q1 = Math.cos(longitude1 - longitude2);
  const q2 = Math.cos(latitude1 - latitude2);
  const q3 = Math.cos(latitude1 + latitude2);
  return Math.trunc(earthRadius * Math.acos(0.5 * ((1 + q1) * q2 - (1 - q1) * q3)) + 1);
}

function pseudoEuclidean(a: Point, b: Point): number {
  const length = Math.sqrt(squared(a, b) / 10);
  const rounded = Math.round(length);
  return rounded < length ? rounded + 1 : rounded;
}

// Not hypot or a power, whose last bits may differ between engines.
function squared([x1, y1]: Point, [x2, y2]: Point): number {
  return (x1 - x2) * (x1 - x2) + (y1 - y2) * (y1 - y2);
}

const euclidean = (a: Point, b: Point): number => Math.sqrt(squared(a, b));

/** The distance functions of TSPLIB95 over coordinates (Reinelt 1995, section 2), by EDGE_WEIGHT_TYPE. */
export const pointDistances: Readonly<Record<string, (a: Point, b: Point) => number>> = {
  EUC_2D: (a, b) => Math.round(euclidean(a, b)),
  CEIL_2D: (a, b) => Math.ceil(euclidean(a, b)),
  ATT: pseudoEuclidean,
  GEO: geographic,
};

/** Where the k-th number of an explicit matrix goes, by EDGE_WEIGHT_FORMAT: calls `put` row by row. */
export const matrixFormats: Readonly<
  Record<string, (n: number, put: (i: number, j: number) => void) => void>
> = {
  FULL_MATRIX: (n, put) => triangle(n, (_) => [0, n], put),
  UPPER_ROW: (n, put) => triangle(n, (i) => [i + 1, n], put),
  LOWER_ROW: (n, put) => triangle(n, (i) => [0, i], put),
  UPPER_DIAG_ROW: (n, put) => triangle(n, (i) => [i, n], put),
  LOWER_DIAG_ROW: (n, put) => triangle(n, (i) => [0, i + 1], put),
  // Column by column, one triangle of a symmetric matrix is row by row the other one.
  UPPER_COL: (n, put) => triangle(n, (i) => [0, i], put),
  LOWER_COL: (n, put) => triangle(n, (i) => [i + 1, n], put),
  UPPER_DIAG_COL: (n, put) => triangle(n, (i) => [0, i + 1], put),
  LOWER_DIAG_COL: (n, put) => triangle(n, (i) => [i, n], put),
};

function triangle(
  n: number,
  range: (row: number) => readonly [number, number],
  put: (i: number, j: number) => void,
): void {
  for (let i = 0; i < n; i++) {
    const [from, to] = range(i);
    for (let j = from; j < to; j++) put(i, j);
  }
}

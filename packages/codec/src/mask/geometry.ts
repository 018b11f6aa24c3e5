/** A mask as rows of filters: `taps` planes of `inputs` rows with `filters` columns each. */
export interface Geometry {
  size: number;
  /** Positions of a convolution kernel; 1 for a dense kernel. */
  taps: number;
  /** How many taps lie in one line of the kernel. */
  tapsInLine: number;
  inputs: number;
  filters: number;
  rows: number;
}

/** The geometry of a shape [...taps, inputs, filters]; ones at its end are left away, as in a depthwise kernel's. */
export function geometryOf(shape: readonly number[]): Geometry {
  const dimensions = [...shape];
  while (dimensions.at(-1) === 1) dimensions.pop();
  const filters = dimensions.pop() ?? 1;
  const inputs = dimensions.pop() ?? 1;
  const taps = dimensions.reduce((product, dimension) => product * dimension, 1);
  const rows = taps * inputs;
  return { size: rows * filters, taps, tapsInLine: dimensions.at(-1) ?? 1, inputs, filters, rows };
}

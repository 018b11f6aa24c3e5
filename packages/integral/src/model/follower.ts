import { toDense } from '../interpolation/basis.ts';
import type { Follower } from '../layers/sampled-weight.ts';
import type { AxisSampler } from './axis.ts';
import type { DenseMatrix } from './pool.ts';

/** How near each sample is to each coefficient, as shares of a coefficient's samples: [samples, coefficients]. */
function shares(axis: AxisSampler): { rows: number; cols: number; near: Float64Array } {
  const matrix = axis.matrix('positive');
  const { rows, cols } = matrix;
  const near = toDense(matrix);
  for (let c = 0; c < cols; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += near[r * cols + c]!;
    // A coefficient that no sample is near keeps its value.
    const factor = sum > 1e-3 ? 1 / sum : 0;
    for (let r = 0; r < rows; r++) near[r * cols + c] = near[r * cols + c]! * factor;
  }
  return { rows, cols, near };
}

/** [[I - B^T N], [N]]: coefficients and new samples side by side, times this, are the coefficients that follow. */
function moving(axis: AxisSampler): DenseMatrix {
  const { rows, cols, near } = shares(axis);
  const sampled = toDense(axis.matrix());
  const values = new Float32Array((cols + rows) * cols);
  const row = new Float64Array(cols);
  for (let i = 0; i < cols; i++) {
    row.fill(0);
    row[i] = 1;
    for (let r = 0; r < rows; r++) {
      const factor = sampled[r * cols + i]!;
      if (factor === 0) continue;
      for (let c = 0; c < cols; c++) row[c] = row[c]! - factor * near[r * cols + c]!;
    }
    values.set(row, i * cols);
  }
  values.set(near, cols * cols);
  return { shape: [cols + rows, cols], values };
}

/** What lets the coefficients of a vector follow its samples. */
export function followerOf(axis: AxisSampler): Follower {
  return {
    moving: () => axis.pooled('moving', () => moving(axis)),
    shares: () =>
      axis.pooled('shares', () => {
        const { rows, cols, near } = shares(axis);
        return { shape: [rows, cols], values: Float32Array.from(near) };
      }),
    sampled: () => axis.tensor(),
  };
}

import * as tf from '@tensorflow/tfjs';
import { basisMatrix, basisSlopes, toDense } from '../interpolation/basis.ts';
import { uniformPartition } from '../partition/fixed.ts';
import { cellWeights } from '../quadrature/midpoint.ts';
import { linearOn, rowDot, type Sampling } from './matrices.ts';

/** Learned positions and how they move with their deltas. */
export interface LearnedPositions {
  positions: Float64Array;
  /** [positions, deltas] row-major: the derivative of each position by each delta. */
  slopes: Float64Array;
}

/**
 * Positions that are sums of shares d^2 / sum d^2, in float64: position r sums `passed(r, i)` of share i.
 *
 * With S = sum d^2 the derivative by d_j is 2 d_j (passed(r, j) - p_r) / S.
 */
function positionsOf(
  deltas: ArrayLike<number>,
  size: number,
  passed: (row: number, share: number) => number,
): LearnedPositions {
  const count = deltas.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += deltas[i]! ** 2;
  const positions = new Float64Array(size);
  const slopes = new Float64Array(size * count);
  for (let r = 0; r < size; r++) {
    let position = 0;
    for (let i = 0; i < count; i++) position += (passed(r, i) * deltas[i]! ** 2) / sum;
    positions[r] = Math.min(1, position);
    for (let j = 0; j < count; j++) {
      slopes[r * count + j] = (2 * deltas[j]! * (passed(r, j) - position)) / sum;
    }
  }
  return { positions, slopes };
}

/** Of `trainable` deltas, one more than positions: the cumulative sum. */
export function trainedPositions(deltas: ArrayLike<number>): LearnedPositions {
  return positionsOf(deltas, deltas.length - 1, (r, i) => (i <= r ? 1 : 0));
}

/** Of `shared` deltas, read at places in [0, 1]: place t has passed the share min(max(t k - i, 0), 1) of segment i. */
export function sharedTrained(
  deltas: ArrayLike<number>,
  places: ArrayLike<number>,
): LearnedPositions {
  const { length } = deltas;
  const passed = (r: number, i: number) => Math.min(Math.max(places[r]! * length - i, 0), 1);
  return positionsOf(deltas, places.length, passed);
}

/** Weights of the samples by their cells (see `sampleWeights`), and their derivatives by the deltas. */
function cellsOf(
  { positions: p, slopes }: LearnedPositions,
  count: number,
  { interpolation: { alignment } }: Sampling,
): { weights: Float64Array; weightSlopes: Float64Array } {
  const size = p.length;
  const knots = slopes.length / size;
  const linear = linearOn(alignment);
  const own = cellWeights(uniformPartition(count, alignment));
  const there = basisMatrix(p, count, linear);
  const moving = basisSlopes(p, count, linear);
  const cells = cellWeights(p);
  const densities = cells.map((_, r) => rowDot(there, r, own));
  const ratios = cells.map((cell, r) => cell / densities[r]!);
  const ratioSlopes = new Float64Array(size * knots);
  const total = ratios.reduce((a, b) => a + b, 0);
  const totalSlopes = new Float64Array(knots);
  for (let r = 0; r < size; r++) {
    const density = densities[r]!;
    const bend = (ratios[r]! * rowDot(moving, r, own)) / density;
    for (let j = 0; j < knots; j++) {
      const at = (row: number) => slopes[row * knots + j]!;
      // A cell reaches to the middle between neighbours, the outer ones to the ends of the interval.
      const left = r === 0 ? 0 : (at(r - 1) + at(r)) / 2;
      const right = r === size - 1 ? 0 : (at(r) + at(r + 1)) / 2;
      const slope = (right - left) / density - bend * at(r);
      ratioSlopes[r * knots + j] = slope;
      totalSlopes[j] = totalSlopes[j]! + slope;
    }
  }
  const scale = count / total;
  const weightSlopes = ratioSlopes.map((slope, i) => {
    const [r, j] = [Math.floor(i / knots), i % knots];
    return scale * (slope - (ratios[r]! / total) * totalSlopes[j]!);
  });
  return { weights: ratios.map((ratio) => scale * ratio), weightSlopes };
}

const asTensor = (values: Float64Array, shape: [number, number]): tf.Tensor2D =>
  tf.tensor2d(Float32Array.from(values), shape);

/** Each row of [rows, columns] values times its factor. */
function scaled(values: Float64Array, factors: Float64Array): Float64Array {
  const columns = values.length / factors.length;
  return values.map((value, i) => value * factors[Math.floor(i / columns)]!);
}

/** The matrices that are learned, as tensors that depend on the deltas. */
export interface LearnedMatrices {
  output: tf.Tensor2D;
  input: tf.Tensor2D;
  positive: tf.Tensor2D;
}

/**
 * The matrices B, diag(w) B and B without overshoot of positions that are being learned. They are computed in float64 from deltas
 * read beforehand; as both are known in closed form so are their derivatives by the deltas, and each matrix is one op:
 * d/dd = J_p^T rowsum(G * B') for B, and J_p^T rowsum(G * w B') + J_w^T rowsum(G * B) for diag(w) B, G being the gradient.
 */
export function learnedMatrices(
  deltas: tf.Tensor1D,
  learned: LearnedPositions,
  count: number,
  sampling: Sampling,
): LearnedMatrices {
  const { positions, slopes } = learned;
  const size = positions.length;
  const knots = deltas.size;
  const { interpolation } = sampling;
  const linear = linearOn(interpolation.alignment);
  const values = toDense(basisMatrix(positions, count, interpolation));
  const moving = toDense(basisSlopes(positions, count, interpolation));
  const { weights, weightSlopes } = cellsOf(learned, count, sampling);
  const rowSums = (g: tf.Tensor, by: Float64Array) =>
    g
      .mul(asTensor(by, [size, count]))
      .sum(1)
      .reshape([1, size]);
  const through = (sums: tf.Tensor, by: Float64Array) =>
    tf.matMul(sums, asTensor(by, [size, knots]) as tf.Tensor).reshape([knots]);
  const op = (made: Float64Array, gradient: (dy: tf.Tensor) => tf.Tensor) =>
    tf.customGrad(() => ({ value: asTensor(made, [size, count]), gradFunc: gradient }))(
      deltas,
    ) as tf.Tensor2D;
  return {
    output: op(values, (dy) => through(rowSums(dy, moving), slopes)),
    positive: op(toDense(basisMatrix(positions, count, linear)), (dy) =>
      through(rowSums(dy, toDense(basisSlopes(positions, count, linear))), slopes),
    ),
    input: op(scaled(values, weights), (dy) =>
      tf.add(
        through(rowSums(dy, scaled(moving, weights)), slopes),
        through(rowSums(dy, values), weightSlopes),
      ),
    ),
  };
}

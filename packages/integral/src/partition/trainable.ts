import * as tf from '@tensorflow/tfjs';
import { requireCount, requireNodes } from '../arguments.ts';

/**
 * The deltas of a trainable partition that starts at given positions.
 * @param positions n ascending positions in [0, 1].
 * @returns n + 1 numbers d, for `trainablePositions`: the roots of the distances 0 .. p1 .. p2 ... 1. A delta of 0 has no
 *   gradient, so a position that starts at 0 or 1 stays there.
 * @throws RangeError When positions do not ascend within [0, 1].
 * @example
 * deltasOf([0.25, 0.5]); // 0.5, 0.5, 0.7071
 */
export function deltasOf(positions: ArrayLike<number>): Float32Array {
  requireNodes('deltasOf', positions);
  const { length } = positions;
  return Float32Array.from({ length: length + 1 }, (_, i) => {
    const from = i === 0 ? 0 : positions[i - 1]!;
    const to = i === length ? 1 : positions[i]!;
    return Math.sqrt(to - from);
  });
}

/**
 * Positions from deltas: the cumulative sum of d^2 / sum d^2. Whatever d is, they are in order and inside [0, 1].
 * @param deltas [n + 1], not all zero.
 * @returns [n]; differentiable.
 * @see Solodskikh et al., "Integral neural networks", CVPR 2023, section 3.3.
 * @example
 * trainablePositions(tf.tensor1d([1, 1, 1, 1])).print(); // [0.25, 0.5, 0.75]
 */
export function trainablePositions(deltas: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const squares = deltas.square();
    const shares = squares.div(squares.sum());
    const count = deltas.shape[0] - 1;
    // Float32 sums may end a rounding beyond 1.
    return tf.minimum(1, tf.cumsum(shares).slice([0], [count])) as tf.Tensor1D;
  });
}

/**
 * Positions of any size from one set of deltas: the line through the knots (0, 0), (1 / k, P_1) ... (1, 1), read at given
 * places. Several sizes share the set, and what is learned at one serves the others.
 * @param deltas [k], not all zero; equal deltas are the identity.
 * @param places [n] ascending places in [0, 1], such as a uniform partition.
 * @returns [n] ascending positions in [0, 1]; differentiable in the deltas.
 * @throws RangeError When there are no deltas.
 * @example
 * sharedPositions(tf.tensor1d([1, 1]), [0.25, 1]).print(); // [0.25, 1]
 */
export function sharedPositions(deltas: tf.Tensor1D, places: ArrayLike<number>): tf.Tensor1D {
  const [knots] = deltas.shape;
  requireCount('sharedPositions', 'the number of deltas', knots);
  return tf.tidy(() => {
    // Place t has passed the share min(max(t k - i, 0), 1) of segment i.
    const passed = new Float32Array(places.length * knots);
    for (let r = 0; r < places.length; r++) {
      for (let i = 0; i < knots; i++) {
        passed[r * knots + i] = Math.min(Math.max(places[r]! * knots - i, 0), 1);
      }
    }
    const squares = deltas.square();
    const shares = squares.div(squares.sum());
    const positions = tf.dot(tf.tensor2d(passed, [places.length, knots]), shares);
    return tf.minimum(1, positions) as tf.Tensor1D;
  });
}

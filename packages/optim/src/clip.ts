import * as tf from '@tensorflow/tfjs';

/**
 * Scales gradients down together when their joint norm is above a bound; none is read back.
 *
 * @param gradients - By variable name, as `tf.variableGrads` gives them.
 * @param maxNorm - Bound on the Euclidean norm of all of them as one vector, above 0.
 * @returns `gradients`, new tensors times min(1, maxNorm / norm), and `norm`, the norm before.
 * @throws RangeError when maxNorm is not above 0.
 * @see Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063, algorithm 1.
 * @example
 * ```js
 * const { gradients, norm } = clipByGlobalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }, 1);
 * norm.print(); // 5
 * gradients.a.print(); // [0.6]
 * ```
 */
export function clipByGlobalNorm<G extends tf.NamedTensorMap>(
  gradients: G,
  maxNorm: number,
): { gradients: G; norm: tf.Scalar } {
  if (!(maxNorm > 0)) {
    throw new RangeError(`clipByGlobalNorm: expected maxNorm above 0, got ${maxNorm}; 1 is usual.`);
  }
  return tf.tidy(() => {
    const present = Object.entries(gradients).filter(([, tensor]) => tensor != null);
    const squares = present.map(([, tensor]) => tensor.square().sum());
    const norm = squares.length > 0 ? tf.addN(squares).sqrt() : tf.scalar(0);
    // norm / maximum(norm, maxNorm), not maxNorm / norm: a norm of zero must not divide.
    const factor = tf.div(maxNorm, norm.maximum(maxNorm));
    const clipped = Object.fromEntries(present.map(([name, tensor]) => [name, tensor.mul(factor)]));
    return { gradients: clipped as G, norm: norm as tf.Scalar };
  });
}

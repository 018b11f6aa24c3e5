import * as tf from '@tensorflow/tfjs';
import { attention } from './attention.ts';

/** The projections of multi-head attention: kernels [dim, inner] and [inner, out], biases optional. */
export interface AttentionWeights {
  queryKernel: tf.Tensor;
  keyKernel: tf.Tensor;
  valueKernel: tf.Tensor;
  outputKernel: tf.Tensor;
  queryBias?: tf.Tensor | undefined;
  keyBias?: tf.Tensor | undefined;
  valueBias?: tf.Tensor | undefined;
  outputBias?: tf.Tensor | undefined;
}

function project(x: tf.Tensor2D, kernel: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor2D {
  const y = tf.matMul<tf.Tensor2D>(x, kernel);
  return bias ? y.add(bias) : y;
}

/**
 * Multi-head self-attention of a sequence with itself.
 *
 * @param x - Tokens, [b, t, dim].
 * @param weights - The projections; inner = heads * headDim.
 * @param options - `heads`, how many the inner width is split into; `scale` (default 1 / sqrt(headDim)).
 * @returns [b, t, out].
 * @throws Error when x is not of rank 3 or the inner width is not a multiple of heads.
 * @see Vaswani et al. 2017, arXiv 1706.03762, section 3.2.2.
 * @example
 * ```js
 * const kernel = tf.eye(4);
 * const weights = { queryKernel: kernel, keyKernel: kernel, valueKernel: kernel, outputKernel: kernel };
 * multiHeadAttention(tf.ones([1, 3, 4]), weights, { heads: 2 }).shape; // [1, 3, 4]
 * ```
 */
export function multiHeadAttention(
  x: tf.Tensor3D,
  weights: AttentionWeights,
  options: { heads: number; scale?: number },
): tf.Tensor3D {
  const inner = weights.queryKernel.shape[1] ?? 0;
  const { heads, scale } = options;
  if (x.rank !== 3) {
    throw new Error(
      `multiHeadAttention: expected x of shape [batch, tokens, dim], got [${x.shape}]; flatten the positions into one axis.`,
    );
  }
  if (!Number.isInteger(heads) || heads < 1 || inner % heads !== 0) {
    throw new Error(
      `multiHeadAttention: expected heads to divide the projected width ${inner}, got ${heads}; choose a divisor.`,
    );
  }
  return tf.tidy(() => {
    const [batch, tokens, dim] = x.shape;
    const flat = x.reshape<tf.Tensor2D>([batch * tokens, dim]);
    const split = (kernel: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor4D =>
      project(flat, kernel, bias)
        .reshape<tf.Tensor4D>([batch, tokens, heads, inner / heads])
        .transpose([0, 2, 1, 3]);
    const y = attention(
      split(weights.queryKernel, weights.queryBias),
      split(weights.keyKernel, weights.keyBias),
      split(weights.valueKernel, weights.valueBias),
      scale === undefined ? {} : { scale },
    );
    const merged = y.transpose([0, 2, 1, 3]).reshape<tf.Tensor2D>([batch * tokens, inner]);
    return project(merged, weights.outputKernel, weights.outputBias).reshape<tf.Tensor3D>([
      batch,
      tokens,
      -1,
    ]);
  });
}

import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatAttention, PleatAttentionGrad, runKernel } from './kernels.ts';

function weights(q: tf.Tensor, k: tf.Tensor, scale: number): tf.Tensor {
  return tf.softmax(tf.matMul(q.mul(scale), k, false, true));
}

function composedGradient(
  dy: tf.Tensor,
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  scale: number,
): tf.Tensor[] {
  const p = weights(q, k, scale);
  const dp = tf.matMul(dy, v, false, true);
  const ds = p.mul(dp.sub(dp.mul(p).sum(-1, true))).mul(scale);
  return [tf.matMul(ds, k), tf.matMul(ds, q, true), tf.matMul(p, dy, true)];
}

/**
 * Scaled dot-product attention, softmax(scale q k') v, a head at a time, with its own gradient.
 *
 * The backward pass recomputes the weights, so none of size t * t is kept between the passes.
 *
 * @param q - Queries, [b, h, t, d].
 * @param k - Keys, [b, h, t, d].
 * @param v - Values, [b, h, t, d].
 * @param options - `scale` (default 1 / sqrt(d)).
 * @returns [b, h, t, d].
 * @throws Error when the shapes are not equal and of rank 4.
 * @see Vaswani et al. 2017, arXiv 1706.03762, equation 1.
 * @example
 * ```js
 * const x = tf.ones([1, 1, 2, 3]);
 * attention(x, x, x).shape; // [1, 1, 2, 3]
 * ```
 */
export function attention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  options: { scale?: number } = {},
): tf.Tensor4D {
  for (const tensor of [q, k, v]) {
    if (tensor.rank !== 4 || !tf.util.arraysEqual(tensor.shape, q.shape)) {
      throw new Error(
        `attention: expected q, k and v of one shape [batch, heads, tokens, dim], got [${q.shape}], [${k.shape}], [${v.shape}]; split the heads first.`,
      );
    }
  }
  const { scale = 1 / Math.sqrt(q.shape[3]) } = options;
  const [y] = withGradient(
    [q, k, v],
    () => ({
      y: hasKernel(PleatAttention)
        ? runKernel(PleatAttention, { q, k, v }, { scale })[0]
        : tf.matMul(weights(q, k, scale), v),
      saved: [q, k, v],
    }),
    (dy, saved) => {
      const [q, k, v] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      return hasKernel(PleatAttentionGrad)
        ? runKernel(PleatAttentionGrad, { dy, q, k, v }, { scale })
        : composedGradient(dy, q, k, v, scale);
    },
  );
  return y as tf.Tensor4D;
}

import type * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import {
  hasKernel,
  PleatGlobalAveragePool,
  PleatGlobalAveragePoolGrad,
  runKernel,
} from './kernels.ts';

/**
 * The mean of every channel over height and width, with its own gradient.
 *
 * @param x - [n, h, w, c], float32.
 * @returns [n, c].
 * @throws Error when x is not of rank 4.
 * @see Lin, Chen & Yan 2014, arXiv 1312.4400, section 3.2.
 * @example
 * ```js
 * globalAveragePool(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1])).print(); // [[3]]
 * ```
 */
export function globalAveragePool(x: tf.Tensor4D): tf.Tensor2D {
  if (x.rank !== 4) {
    throw new Error(
      `globalAveragePool: expected x of shape [batch, height, width, channels], got [${x.shape}]; reshape it.`,
    );
  }
  const [, height, width, channels] = x.shape;
  const [y] = withGradient(
    [x],
    () => ({
      y: hasKernel(PleatGlobalAveragePool)
        ? runKernel(PleatGlobalAveragePool, { x }, {})[0]
        : x.mean([1, 2]),
      saved: [],
    }),
    (dy) => [
      hasKernel(PleatGlobalAveragePoolGrad)
        ? runKernel(PleatGlobalAveragePoolGrad, { dy }, { height, width })[0]
        : dy
            .div(height * width)
            .reshape([-1, 1, 1, channels])
            .tile([1, height, width, 1]),
    ],
  );
  return y as tf.Tensor2D;
}

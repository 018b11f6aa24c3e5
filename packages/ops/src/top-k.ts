import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatTopKMask, runKernel } from './kernels.ts';
import { selectTopK } from './select-top-k.ts';

/**
 * A mask with ones at the k largest |scores| and zeros elsewhere; no sort.
 *
 * It has no slope: its gradient is zero, callers pass theirs straight through.
 *
 * @param scores - Float32, any shape.
 * @param k - How many ones, an integer in 0..scores.size.
 * @returns Float32 of the shape of scores, exactly k ones; ties go to the lower index, NaN is lowest.
 * @throws RangeError when k is not such an integer.
 * @see Ramanujan et al. 2020, arXiv 1911.13299, section 3.
 * @example
 * ```js
 * topKMask(tf.tensor1d([1, -3, 2, 3]), 2).print(); // [0, 1, 0, 1]
 * ```
 */
export function topKMask<T extends tf.Tensor>(scores: T, k: number): T {
  if (!Number.isInteger(k) || k < 0 || k > scores.size) {
    throw new RangeError(
      `topKMask: expected k to be an integer in 0..${scores.size} (the number of scores), got ${k}; round and clamp it.`,
    );
  }
  const [mask] = withGradient(
    [scores],
    () => ({
      y: hasKernel(PleatTopKMask)
        ? runKernel(PleatTopKMask, { scores }, { k })[0]
        : tf.tensor(selectTopK(scores.dataSync<'float32'>(), k), scores.shape, 'float32'),
      saved: [],
    }),
    (dy) => [tf.zerosLike(dy)],
  );
  return mask as T;
}

import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import { hasKernel, PleatKeepTopK, PleatTopKMask, runKernel } from './kernels.ts';
import { selectTopK } from './select-top-k.ts';
import type { TopKMemory } from './top-k-memory.ts';

/** Options of {@link topKMask} and {@link keepTopK}. */
export interface TopKOptions {
  /**
   * What earlier calls on the same, since then trained scores learned of where the threshold is; kernels that use it are faster
   * by it and give the same. Default none.
   */
  memory?: TopKMemory;
}

/**
 * A mask with ones at the k largest |scores| and zeros elsewhere; no sort.
 *
 * It has no slope: its gradient is zero, callers pass theirs straight through.
 *
 * @param scores - Float32, any shape.
 * @param k - How many ones, an integer in 0..scores.size.
 * @param options - See {@link TopKOptions}.
 * @returns Float32 of the shape of scores, exactly k ones; ties go to the lower index, NaN is lowest.
 * @throws RangeError when k is not such an integer.
 * @see Ramanujan et al. 2020, arXiv 1911.13299, section 3.
 * @example
 * ```js
 * topKMask(tf.tensor1d([1, -3, 2, 3]), 2).print(); // [0, 1, 0, 1]
 * ```
 */
export function topKMask<T extends tf.Tensor>(scores: T, k: number, options: TopKOptions = {}): T {
  requireCount('topKMask', scores, k);
  const [mask] = withGradient(
    [scores],
    () => ({
      y: hasKernel(PleatTopKMask)
        ? runKernel(PleatTopKMask, { scores }, { ...options, k })[0]
        : tf.tensor(selectTopK(scores.dataSync<'float32'>(), k), scores.shape, 'float32'),
      saved: [],
    }),
    (dy) => [tf.zerosLike(dy)],
  );
  return mask as T;
}

/**
 * The values of the k largest |scores|, zeros elsewhere: `values * topKMask(scores, k)` in one pass where the backend has a
 * kernel for it.
 *
 * @param values - Float32, any shape, finite.
 * @param scores - Float32, of the shape of values. Their gradient is zero, as that of `topKMask`.
 * @param k - How many values are kept, an integer in 0..scores.size.
 * @param options - See {@link TopKOptions}.
 * @returns Float32 of the shape of values.
 * @throws RangeError when k is not such an integer or the shapes differ.
 * @example
 * ```js
 * keepTopK(tf.tensor1d([5, 6, 7, 8]), tf.tensor1d([1, -3, 2, 3]), 2).print(); // [0, 6, 0, 8]
 * ```
 */
export function keepTopK<T extends tf.Tensor>(
  values: T,
  scores: T,
  k: number,
  options: TopKOptions = {},
): T {
  requireCount('keepTopK', scores, k);
  if (!tf.util.arraysEqual(values.shape, scores.shape)) {
    throw new RangeError(
      `keepTopK: expected values of the shape of scores, [${scores.shape}], got [${values.shape}]; reshape one of them.`,
    );
  }
  const [y] = withGradient(
    [values, scores],
    () => ({
      y: hasKernel(PleatKeepTopK)
        ? runKernel(PleatKeepTopK, { values, scores }, { ...options, k })[0]
        : composed(values, scores, k, options),
      saved: [scores],
    }),
    (dy, [scores]) => [
      tf.mul(dy, topKMask(scores as tf.Tensor, k, options)),
      tf.zerosLike(scores as tf.Tensor),
    ],
  );
  return y as T;
}

function composed(
  values: tf.Tensor,
  scores: tf.Tensor,
  k: number,
  options: TopKOptions,
): tf.Tensor {
  if (hasKernel(PleatTopKMask)) return tf.mul(values, topKMask(scores, k, options));
  // The scores have come here to be chosen from; the mask is not sent back to be multiplied there.
  const kept = selectTopK(scores.dataSync<'float32'>(), k);
  const list = values.dataSync();
  for (let i = 0; i < kept.length; i++) kept[i]! *= list[i]!;
  return tf.tensor(kept, values.shape, 'float32');
}

function requireCount(caller: string, scores: tf.Tensor, k: number): void {
  if (Number.isInteger(k) && k >= 0 && k <= scores.size) return;
  throw new RangeError(
    `${caller}: expected k to be an integer in 0..${scores.size} (the number of scores), got ${k}; round and clamp it.`,
  );
}

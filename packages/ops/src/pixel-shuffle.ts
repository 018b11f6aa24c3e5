import * as tf from '@tensorflow/tfjs';

/** Asserts that `block` is a whole number of pixels, and that the channels come out even. */
export function checkBlock(name: string, block: number, channels?: number | null): void {
  if (!Number.isInteger(block) || block < 1) {
    throw new Error(
      `${name}: expected blockSize to be a whole number, 1 or more, got ${block}; give how many times higher and wider the output is.`,
    );
  }
  if (channels != null && channels % (block * block) !== 0) {
    throw new Error(
      `${name}: expected a multiple of ${block * block} channels for blockSize ${block}, got ${channels}; let the layer before make blockSize squared times as many as are wanted.`,
    );
  }
}

/**
 * Lays channels out as pixels, [n, h, w, c r r] to [n, h r, w r, c]: the sub-pixel step of super-resolution.
 *
 * Channel (i r + j) c + k becomes channel k of the pixel i down and j to the right, as in TensorFlow's `depth_to_space`;
 * PyTorch's `PixelShuffle` takes channel k r r + i r + j. Unlike `tf.depthToSpace` it has a gradient.
 *
 * @param x - Tensor [n, h, w, c r r].
 * @param blockSize - r, how many times higher and wider the output is.
 * @returns Tensor [n, h r, w r, c].
 * @throws Error when the block is no whole number, or the channels are no multiple of its square.
 * @see Shi et al. 2016, arXiv 1609.05158.
 * @example
 * ```js
 * pixelShuffle(tf.tensor4d([1, 2, 3, 4], [1, 1, 1, 4]), 2).print(); // [[[[1], [2]], [[3], [4]]]]
 * ```
 */
export function pixelShuffle(x: tf.Tensor4D, blockSize: number): tf.Tensor4D {
  if (x.rank !== 4) {
    throw new Error(`pixelShuffle: expected x of shape [n, h, w, channels], got [${x.shape}].`);
  }
  const [n, h, w, channels] = x.shape;
  checkBlock('pixelShuffle', blockSize, channels);
  const wide = channels / blockSize;
  return tf.tidy(() =>
    x
      .reshape([n * h, w, blockSize, wide])
      .transpose([0, 2, 1, 3])
      .reshape([n, h * blockSize, w * blockSize, wide / blockSize]),
  );
}

import type * as tf from '@tensorflow/tfjs';

/** Asserts that x is [..., c] and each of the others [c]; gives c. */
export function checkChannels(
  name: string,
  x: tf.Tensor,
  others: Readonly<Record<string, tf.Tensor>>,
): number {
  if (x.rank < 2) {
    throw new Error(
      `${name}: expected x of rank 2 or more, [..., channels], got shape [${x.shape}]; add a batch axis.`,
    );
  }
  const channels = x.shape[x.rank - 1]!;
  for (const [key, tensor] of Object.entries(others)) {
    if (tensor.rank !== 1 || tensor.shape[0] !== channels) {
      throw new Error(
        `${name}: expected ${key} of shape [${channels}] (the last axis of x), got [${tensor.shape}]; pass one value a channel.`,
      );
    }
  }
  return channels;
}

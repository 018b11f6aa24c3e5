import * as tf from '@tensorflow/tfjs';

/** A small generator of its own (Park & Miller 1988), so that a failure can be run again. */
export function generator(seed: number): (low: number, high: number) => number {
  let state = seed * 7919 + 1;
  return (low, high) => {
    state = (state * 48271) % 2147483647;
    return low + Math.floor((state / 2147483647) * (high - low + 1));
  };
}

/** Numbers around zero, about as large as activations are. */
export function numbers(seed: number, count: number): Float32Array {
  const pick = generator(seed);
  return Float32Array.from({ length: count }, () => (pick(-3000, 3000) + pick(-3000, 3000)) / 2000);
}

/** A tensor of numbers(seed). */
export function random(seed: number, shape: number[]): tf.Tensor {
  return tf.tensor(numbers(seed, tf.util.sizeFromShape(shape)), shape);
}

import { fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import type { Alphabet } from '../learners/learner.ts';

/** Weights whose place in the mask is decided by seed and not learned; what is decided so takes no space in a file. */
export interface Freeze {
  /** Share of every kernel that is kept for good, with the sign of its fixed value, in [0, 1); default 0. */
  kept: number;
  /** Share that is dropped for good, in [0, 1); default 0. */
  dropped: number;
}

/** What is decided of a weight. */
export const frozenKept = 1;
export const frozenDropped = 2;

/**
 * Says of each weight whether it is free (0), kept for good (1) or dropped for good (2).
 * @param index The kernel's position among the masked ones: names the stream.
 */
export function frozenMap(
  { kept, dropped }: Freeze,
  seed: number,
  index: number,
  size: number,
): Uint8Array {
  const draws = fillUniform(stream(seed, `freeze/${index}`), new Float32Array(size));
  return Uint8Array.from(draws, (u) => {
    if (u < kept) return frozenKept;
    return u < kept + dropped ? frozenDropped : 0;
  });
}

/** The multiplier of a weight that is kept for good: the layer takes |w| of it unless the alphabet is binary. */
export function keptMultiplier(alphabet: Alphabet, value: number): number {
  return alphabet === 'binary' || value >= 0 ? 1 : -1;
}

// Beyond any score, and far enough from float32's end to be added to one.
const beyond = 1e30;

/** Tensors that put frozen weights in their place. */
export interface Pins {
  /** 1 where a weight is free. */
  free: tf.Tensor;
  /** What replaces the scores of frozen weights. */
  scores: tf.Tensor;
  /** 0 where a weight is dropped for good. */
  present: tf.Tensor;
}

/** Makes the pins of one kernel; they stay until disposed of. */
export function pinsOf(
  frozen: Uint8Array,
  values: Float32Array,
  shape: number[],
  { alphabet, byMagnitude }: { alphabet: Alphabet; byMagnitude: boolean },
): Pins {
  const make = (value: (kind: number, i: number) => number): tf.Tensor =>
    tf.keep(tf.tensor(Float32Array.from(frozen, value), shape));
  return {
    free: make((kind) => (kind === 0 ? 1 : 0)),
    scores: make((kind, i) => {
      if (kind === frozenKept) return beyond * keptMultiplier(alphabet, values[i] as number);
      return kind === frozenDropped && !byMagnitude ? -beyond : 0;
    }),
    present: make((kind) => (kind === frozenDropped ? 0 : 1)),
  };
}

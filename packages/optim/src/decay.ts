import type * as tf from '@tensorflow/tfjs';

/** Which variables decay: by a rule of this package or by a function of name and variable. */
export type DecayFilter = 'kernels' | 'all' | ((name: string, variable: tf.Variable) => boolean);

// tfjs makes names unique by a suffix: dense/bias_1 is a bias too.
const UNDECAYED = /(^|[/_])(bias|beta|gamma|embedding)(_\d+)?$/;

/**
 * Says whether a variable is a kernel in the sense of weight decay: no bias, norm parameter or embedding.
 *
 * @param name - The variable's name, with or without the suffix tfjs adds to make it unique.
 * @param variable - The variable; one of rank 0 or 1 never decays.
 * @returns True when it should decay.
 * @example
 * ```js
 * decaysByDefault('dense_1/kernel_2', tf.variable(tf.ones([2, 2]))); // true
 * ```
 */
export function decaysByDefault(name: string, variable: tf.Variable): boolean {
  return variable.rank > 1 && !UNDECAYED.test(name);
}

/** The filter as a function. */
export function decayRule(filter: DecayFilter): (name: string, variable: tf.Variable) => boolean {
  if (typeof filter === 'function') return filter;
  return filter === 'all' ? () => true : decaysByDefault;
}

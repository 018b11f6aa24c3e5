/**
 * Tells the scores of masks from other variables by name, so that an optimiser can treat them differently.
 *
 * @param name The variable's name, with or without the suffix tfjs adds to make it unique.
 * @example
 * // Weight decay, but not on scores:
 * // adamw({ weightDecay: 0.005, filter: (name, variable) => !isScore(name) && decaysByDefault(name, variable) })
 * isScore('dense_1/kernel_scores'); // true
 * isScore('dense_1/bias'); // false
 */
export function isScore(name: string): boolean {
  return /_scores(_\d+)?$/.test(name);
}

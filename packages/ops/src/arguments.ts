import type * as tf from '@tensorflow/tfjs';

/** A few words for what was found in the place of something else. */
export function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `a ${value.constructor?.name ?? 'bare object'}`;
}

/**
 * Rejects option names nobody reads, which are most often misspelt ones.
 *
 * @param who - Name of the function that was called.
 * @param given - Its options.
 * @param known - The names it reads.
 * @throws RangeError When an option has another name.
 * @example
 * ```js
 * onlyOptions('bake', { portabel: true }, ['portable']); // RangeError: bake: unknown option 'portabel'; it has portable.
 * ```
 */
export function onlyOptions(who: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new RangeError(
        `${who}: unknown option '${name}'; it has ${known.length === 0 ? 'none' : known.join(', ')}.`,
      );
    }
  }
}

/**
 * Rejects what is no layers model; one of another copy of TensorFlow.js, of which `instanceof` knows nothing, passes.
 *
 * @param who - Name of the function that was called.
 * @param model - What it got.
 * @throws TypeError When it has no layers.
 * @example
 * ```js
 * requireModel('bake', null); // TypeError: bake: expected a tf.LayersModel, got null; ...
 * ```
 */
export function requireModel(who: string, model: unknown): void {
  const { layers, getConfig } = (model ?? {}) as Partial<tf.LayersModel>;
  if (Array.isArray(layers) && typeof getConfig === 'function') return;
  throw new TypeError(
    `${who}: expected a tf.LayersModel, got ${describe(model)}; load or build one (a graph model has no layers to work on).`,
  );
}

import type * as tf from '@tensorflow/tfjs';

function found(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `a ${value.constructor?.name ?? 'bare object'}`;
}

/** Rejects option names nobody reads, which are most often misspelt ones. */
export function onlyOptions(who: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new RangeError(
        `${who}: unknown option '${name}'; it has ${known.length === 0 ? 'none' : known.join(', ')}.`,
      );
    }
  }
}

/** Rejects what is no layers model; one of another copy of TensorFlow.js, of which `instanceof` knows nothing, passes. */
export function requireModel(who: string, model: unknown): void {
  const { layers, getConfig } = (model ?? {}) as Partial<tf.LayersModel>;
  if (Array.isArray(layers) && typeof getConfig === 'function') return;
  throw new TypeError(
    `${who}: expected a tf.LayersModel, got ${found(model)}; load or build one (a graph model has no layers to work on).`,
  );
}

/** Rejects what is no byte array. */
export function requireBytes(who: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  throw new TypeError(
    `${who}: expected the file's bytes as a Uint8Array, got ${found(bytes)}; read a path or URL with pleatHandler.`,
  );
}

import * as tf from '@tensorflow/tfjs';

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

/** Rejects what is no layers model. */
export function requireModel(who: string, model: unknown): void {
  if (model instanceof tf.LayersModel) return;
  throw new TypeError(
    `${who}: expected a tf.LayersModel, got ${found(model)}; a graph model must be built as layers first, and two copies ` +
      'of TensorFlow.js in one program do not know each other.',
  );
}

/** Rejects what is no byte array. */
export function requireBytes(who: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  throw new TypeError(
    `${who}: expected the file's bytes as a Uint8Array, got ${found(bytes)}; read a path or URL with pleatHandler.`,
  );
}

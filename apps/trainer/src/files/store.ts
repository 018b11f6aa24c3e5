import { existsSync } from 'node:fs';
import { writeFileAtomic } from '@pleat/codec/node';
import { encodeModel } from '@pleat/mask';
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';

/**
 * Refuses to write over a file unless asked to.
 *
 * @throws UsageError when it is there
 */
export function requireFree(file: string, overwrite: unknown): void {
  if (existsSync(file) && !overwrite) {
    throw new UsageError(`${file} is there already; add --overwrite to replace it.`);
  }
}

/** Writes a model with its metadata as a `.pleat` file, whole or not at all; gives its bytes. */
export async function storeModel(file: string, model: tf.LayersModel): Promise<number> {
  const metadata = (model.getUserDefinedMetadata() ?? {}) as Record<string, unknown>;
  const bytes = await encodeModel(model, { metadata });
  await writeFileAtomic(file, bytes);
  return bytes.length;
}

import { writeFileAtomic } from '@pleat/codec/node';
import { encodeModel } from '@pleat/mask';
import type * as tf from '@tensorflow/tfjs';
import { writeModelFolder } from './folder.ts';
import type { ModelMetadata } from './pleat.ts';

/** Writes a plain model as a `.pleat` file or, under any other name, as a tfjs model folder. */
export async function writeModel(
  path: string,
  model: tf.LayersModel,
  metadata: ModelMetadata,
): Promise<{ files: string[]; bytes: number }> {
  if (!path.endsWith('.pleat')) {
    model.setUserDefinedMetadata(metadata);
    return writeModelFolder(path, model);
  }
  const bytes = await encodeModel(model, { metadata });
  await writeFileAtomic(path, bytes);
  return { files: [path], bytes: bytes.length };
}

import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@pleat/codec/node';
import * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';

/**
 * Reads a model folder as tfjs writes it: `model.json` and the weight files it names.
 *
 * @param path of the folder, or of its `model.json`
 * @throws CliError when a file is missing, damaged, or holds no layers model
 */
export async function readModelFolder(path: string): Promise<tf.LayersModel> {
  const file = path.endsWith('.json') ? path : join(path, 'model.json');
  if (!existsSync(file)) {
    throw new CliError(
      `${path} is no model folder: it has no model.json; give a .pleat file or a tfjs model folder.`,
    );
  }
  try {
    const json: tf.io.ModelJSON = JSON.parse(await readFile(file, 'utf8'));
    if (!json?.modelTopology || !Array.isArray(json.weightsManifest)) {
      throw new Error('its model.json has no modelTopology and weightsManifest');
    }
    if (json.format === 'graph-model') {
      throw new Error(
        'it holds a graph model, of which no layers are known; export a layers model',
      );
    }
    const names = json.weightsManifest.flatMap(({ paths }) => paths);
    const parts = await Promise.all(names.map((name) => readFile(join(dirname(file), name))));
    const weights = Buffer.concat(parts);
    const weightData = weights.buffer.slice(
      weights.byteOffset,
      weights.byteOffset + weights.byteLength,
    );
    const artifacts = await tf.io.getModelArtifactsForJSON(json, async (manifest) => [
      manifest.flatMap((group) => group.weights),
      weightData as ArrayBuffer,
    ]);
    return await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new CliError(`The model folder ${path} cannot be loaded: ${reason}`, { cause: error });
  }
}

/** Writes a plain model as tfjs expects it on a server: `model.json` and `weights.bin`. */
export async function writeModelFolder(
  path: string,
  model: tf.LayersModel,
): Promise<{ files: string[]; bytes: number }> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
    }),
  );
  const { weightData, weightSpecs, ...rest } = artifacts!;
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const json = {
    modelTopology: rest.modelTopology,
    format: rest.format,
    generatedBy: rest.generatedBy,
    convertedBy: rest.convertedBy ?? null,
    ...(rest.userDefinedMetadata && { userDefinedMetadata: rest.userDefinedMetadata }),
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs ?? [] }],
  };
  await mkdir(path, { recursive: true });
  const files = [join(path, 'weights.bin'), join(path, 'model.json')];
  const text = new TextEncoder().encode(JSON.stringify(json));
  // The topology goes last: a folder with a model.json is whole.
  await writeFileAtomic(files[0]!, weights);
  await writeFileAtomic(files[1]!, text);
  return { files, bytes: weights.length + text.length };
}

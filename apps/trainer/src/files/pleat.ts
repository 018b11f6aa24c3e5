import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PleatFormatError } from '@pleat/codec';
import { decodeModel, inspectModel, PleatModelError } from '@pleat/mask';
import type * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import { readModelFolder } from './folder.ts';

/** What a `.pleat` file of this app says about itself. */
export interface ModelMetadata {
  dataset?: string;
  classes?: string[];
  preprocessing?: { mean: number[]; std: number[] };
  [key: string]: unknown;
}

/** A model read from a file or folder. */
export interface OpenedModel {
  model: tf.LayersModel;
  metadata: ModelMetadata;
  /** Bytes of the `.pleat` file; undefined for a tfjs folder. */
  bytes: number | undefined;
}

/**
 * What is at a path.
 *
 * @throws CliError when there is nothing
 */
export async function requireFile(path: string): Promise<Stats> {
  return stat(path).catch(() => {
    throw new CliError(`There is no file or folder ${path}; check the path.`);
  });
}

/** A fingerprint of what is at a path, to know it again: of the file, or of a folder's model.json. */
export async function hashOf(path: string): Promise<string> {
  const file = (await requireFile(path)).isDirectory() ? join(path, 'model.json') : path;
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/**
 * The bytes of a `.pleat` file.
 *
 * @throws CliError when it is not there
 */
export async function readPleatFile(path: string): Promise<Uint8Array> {
  if ((await requireFile(path)).isDirectory()) {
    throw new CliError(`${path} is a folder; give a .pleat file.`);
  }
  return new Uint8Array(await readFile(path));
}

/** Runs a reader of `.pleat` bytes; a broken file becomes one sentence that names it. */
export async function explainPleat<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof PleatFormatError || error instanceof PleatModelError)) throw error;
    throw new CliError(`${path} is no readable .pleat file: ${error.message}`, { cause: error });
  }
}

/** The model in a file; where its norms lack their statistics, those of training images of its data set. */
async function decodeFile(
  path: string,
  bytes: Uint8Array,
  metadata: ModelMetadata,
  flags: Record<string, unknown>,
): Promise<tf.LayersModel> {
  try {
    return await decodeModel(bytes);
  } catch (error) {
    if (!(error instanceof PleatModelError && error.code === 'calibration')) throw error;
  }
  const [{ datasetOf }, { decodeCalibrated }] = await Promise.all([
    import('../data/dataset-of.ts'),
    import('../data/calibration.ts'),
  ]);
  const { dataset } = await datasetOf(path, metadata, flags);
  const seen = { ...dataset, ...metadata.preprocessing };
  return decodeCalibrated(bytes, seen, metadata.calibration as number | undefined);
}

/**
 * Opens a `.pleat` file or a tfjs model folder as a plain model.
 *
 * @param flags `dataset` and `data`: where the training images are that a file needs whose norms lack their statistics
 */
export async function openModel(
  path: string,
  flags: Record<string, unknown> = {},
): Promise<OpenedModel> {
  const info = await requireFile(path);
  if (info.isDirectory() || path.endsWith('.json')) {
    const model = await readModelFolder(path);
    return {
      model,
      metadata: (model.getUserDefinedMetadata() ?? {}) as ModelMetadata,
      bytes: undefined,
    };
  }
  const bytes = new Uint8Array(await readFile(path));
  const metadata = await explainPleat(path, () => inspectModel(bytes).metadata as ModelMetadata);
  // Registers the layers of integral models, and puts such a model at the widths it was stored with.
  const { integralGroups } = await import('@pleat/integral');
  const model = await explainPleat(path, () => decodeFile(path, bytes, metadata, flags));
  model.setUserDefinedMetadata(metadata);
  if (metadata.integral !== undefined) integralGroups(model);
  return { model, metadata, bytes: bytes.length };
}

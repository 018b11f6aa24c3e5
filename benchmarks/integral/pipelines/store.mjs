// Models as `.pleat` files: weights in float32, an integral model's order and grids with them.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodeModel, pleatHandler } from '@pleat/mask';
import * as tf from '@tensorflow/tfjs';

/** Writes a file whole or not at all. */
export function writeWhole(file, bytes) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
}

export async function saveModel(file, model) {
  writeWhole(file, await encodeModel(model, { metadata: model.getUserDefinedMetadata() ?? {} }));
}

export function loadModel(file) {
  return tf.loadLayersModel(pleatHandler(new Uint8Array(readFileSync(file))));
}

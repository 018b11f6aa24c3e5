import { decodeContainer, type Section } from '@pleat/codec';
import { isModel, onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { requireBytes } from '../arguments.ts';
import { recomputeNorms } from '../norms.ts';
import { disposeModel } from '../weights.ts';
import {
  inflateText,
  isMaskForm,
  type ModelDocument,
  type StoredModel,
  type StoredWeight,
} from './document.ts';
import { PleatModelError } from './errors.ts';
import { restoreModel } from './restore.ts';
import { Values } from './values.ts';
import { readDocument } from './wire.ts';

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The description of the model in a file's sections. */
export function documentOf(sections: readonly Section[]): ModelDocument {
  const section = sections.find(({ name }) => name === 'model');
  if (section?.kind !== 'bytes') {
    throw new PleatModelError(
      'no-model',
      "decodeModel: the file has no section 'model'; it is a .pleat container of something else.",
    );
  }
  return readDocument(inflateText(section.bytes));
}

/** Every stored weight of a model in order, with the layer it belongs to. */
export function storedWeights(
  model: StoredModel,
  path = '',
): { path: string; weights: StoredWeight[] }[] {
  return model.layers.flatMap(({ name, weights, model: inner }) =>
    inner === undefined
      ? [{ path: `${path}${name}`, weights }]
      : storedWeights(inner, `${path}${name}/`),
  );
}

function setWeights(model: tf.LayersModel, stored: StoredModel, values: Values, path = ''): void {
  for (const { name, weights, model: inner } of stored.layers) {
    const here = `${path}${name}`;
    const layer = model.getLayer(name);
    if (inner !== undefined && isModel(layer)) {
      setWeights(layer, inner, values, `${here}/`);
      continue;
    }
    const own = layer.weights;
    const shapes = (list: readonly { shape: readonly (number | null)[] }[]): string =>
      list.map(({ shape }) => `[${shape}]`).join(' ');
    if (shapes(own) !== shapes(weights)) {
      throw new PleatModelError(
        'shape',
        `decodeModel: layer '${here}' has weights ${shapes(own)}, the file says ${shapes(weights)}.`,
      );
    }
    weights.forEach((weight, i) => {
      const variable = own[i] as tf.LayerVariable;
      const tensor = tf.tensor(values.of(here, weight), weight.shape, variable.dtype);
      variable.write(tensor);
      tensor.dispose();
    });
  }
}

// As many as a section may have elements: what a file implies without holding it is bounded like what it holds.
const mostWeights = 2 ** 28;

/** How many values the tensors of a file must hold for a weight. */
function valuesFor({ form, shape, scales, kept }: StoredWeight): number {
  const own = kept === undefined || kept.form === 'signs' ? 0 : kept.count;
  if (form === 'sparse' || scales !== undefined) return own + product(scales?.shape ?? [0]);
  return form === 'constant' || form === 'same' || isMaskForm(form) ? 0 : product(shape);
}

/** Builds the plain model in the sections of a file. */
export function modelFromSections(
  sections: readonly Section[],
  calibrate?: Calibration,
): tf.LayersModel {
  const document = documentOf(sections);
  const { model: stored, recompute = false } = document;
  if (recompute && calibrate === undefined) {
    throw new PleatModelError(
      'calibration',
      'decodeModel: the file leaves out the statistics of its batch norms; pass a batch of inputs as calibrate.',
    );
  }
  const all = storedWeights(stored).flatMap(({ weights }) => weights);
  const total = all.reduce((sum, { shape }) => sum + product(shape), 0);
  if (!(total <= mostWeights)) {
    throw new PleatModelError(
      'section-size',
      `decodeModel: the model has ${total} weights, expected at most ${mostWeights}.`,
    );
  }
  const needed = all.reduce((sum, weight) => sum + valuesFor(weight), 0);
  const held = sections.reduce((sum, section) => {
    return section.kind === 'tensor' && !section.name.startsWith('source/')
      ? sum + section.values.length
      : sum;
  }, 0);
  if (needed !== held) {
    throw new PleatModelError(
      'section-size',
      `decodeModel: the model has ${needed} values beside its masks, the file holds ${held}.`,
    );
  }
  const wanted = new Set(all.flatMap(({ form, of }) => (form === 'same' ? [of ?? 0] : [])));
  const model = restoreModel(stored, total, (model) => {
    const values = new Values(sections, document, wanted);
    setWeights(model, stored, values);
    values.finish();
  });
  if (!recompute || calibrate === undefined) return model;
  try {
    recomputeNorms(model, calibrate);
    return model;
  } catch (error) {
    disposeModel(model);
    throw new Error(
      `decodeModel: the batch given as calibrate does not fit the model (${(error as Error).message}).`,
      { cause: error },
    );
  }
}

/** Inputs from which statistics of batch norms are computed that a file leaves out. */
export type Calibration = tf.Tensor | tf.Tensor[];

/** How a model is read. */
export interface DecodeOptions {
  /** A batch of inputs, needed for a file that was encoded with `norms: 'recompute'`. */
  calibrate?: Calibration;
}

/**
 * Reads a model from the bytes of a `.pleat` file.
 * @param bytes The whole file.
 * @param options A batch to calibrate norms with, for files that leave their statistics out.
 * @returns The plain model, not compiled: what `bake` gives for the model that was written, exactly so when its other
 *   weights were stored as float32 and its norms kept.
 * @throws TypeError When bytes is no Uint8Array.
 * @throws PleatFormatError When the container is broken.
 * @throws PleatModelError When the container is sound but holds no readable model.
 * @example
 * // masked: a model of one dense layer, made by maskModel
 * const plain = await decodeModel(await encodeModel(masked));
 * plain.layers[0].getClassName(); // Dense
 */
export async function decodeModel(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Promise<tf.LayersModel> {
  requireBytes('decodeModel', bytes);
  onlyOptions('decodeModel', options, ['calibrate']);
  return modelFromSections(decodeContainer(bytes).sections, options.calibrate);
}

import { decodeContainer, type Section } from '@pleat/codec';
import { isModel } from '@pleat/ops';
import { fillLayer, type LayerFill } from '@pleat/prototype';
import * as tf from '@tensorflow/tfjs';
import { requireBytes } from '../arguments.ts';
import {
  inflateText,
  type ModelDocument,
  type StoredModel,
  type StoredSource,
  type StoredWeight,
} from './document.ts';
import { PleatModelError } from './errors.ts';
import { MaskReader } from './masks.ts';
import { restoreModel } from './restore.ts';
import { TensorReader } from './tensors.ts';
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

/** Rebuilds the values of stored weights. */
class Values {
  readonly #masks: MaskReader;
  readonly #tensors: TensorReader;
  readonly #sources: { source: StoredSource; values: Float32Array | undefined }[];

  constructor(sections: readonly Section[], sources: readonly StoredSource[]) {
    this.#masks = new MaskReader(sections);
    this.#tensors = new TensorReader(sections);
    this.#sources = sources.map((source, i) => {
      if ('seed' in source) return { source, values: undefined };
      const section = sections.find(({ name }) => name === `source/${i}`);
      if (section?.kind !== 'tensor' || section.values.length !== source.length) {
        throw new PleatModelError(
          'missing-section',
          `decodeModel: the file has no section 'source/${i}' of ${source.length} values.`,
        );
      }
      return { source, values: Float32Array.from(section.values) };
    });
  }

  of(path: string, { form, shape, fill }: StoredWeight): Float32Array | Int32Array {
    if (form !== 'binary' && form !== 'sign') return this.#tensors.take(form, product(shape));
    const {
      source: index,
      offset,
      scale,
      gain,
    } = fill ?? { source: -1, offset: 0, scale: 1, gain: 1 };
    const entry = this.#sources[index];
    if (entry === undefined) {
      throw new PleatModelError(
        'prototype',
        `decodeModel: '${path}' reads prototype ${index}, which is not there.`,
      );
    }
    const bits = this.#masks.take(shape);
    const { source, values } = entry;
    const drawn = 'seed' in source ? source : { ...unseeded, length: source.length };
    const layer: LayerFill = {
      layer: path,
      shape,
      size: product(shape),
      source: drawn,
      offset,
      scale,
    };
    let out: Float32Array;
    try {
      out = fillLayer(layer, values);
    } catch (error) {
      throw new PleatModelError('prototype', `decodeModel: ${(error as Error).message}`);
    }
    // The same products in the same order as a masked layer computes, so that the same bits come out.
    for (let i = 0; i < out.length; i++) {
      const value = out[i] as number;
      const multiplier =
        form === 'sign' ? (bits[i] === 1 ? gain : -gain) : bits[i] === 1 ? gain : 0;
      out[i] = (form === 'sign' ? Math.abs(value) : value) * multiplier;
    }
    return out;
  }
}

/** Stands for the source of values that came with the file: nothing of it is drawn. */
const unseeded = { seed: 0, stream: '', distribution: 'normal', scale: 1 } as const;

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

/** Builds the plain model in the sections of a file. */
export function modelFromSections(sections: readonly Section[]): tf.LayersModel {
  const { model: stored, sources } = documentOf(sections);
  const all = storedWeights(stored).flatMap(({ weights }) => weights);
  const needed = all.reduce((sum, { shape }) => sum + product(shape), 0);
  const held = sections.reduce((sum, section) => {
    if (section.kind === 'mask') return sum + section.bits.length;
    return section.kind === 'tensor' && !section.name.startsWith('source/')
      ? sum + section.values.length
      : sum;
  }, 0);
  if (needed !== held) {
    throw new PleatModelError(
      'section-size',
      `decodeModel: the model has ${needed} weights, the file holds ${held}.`,
    );
  }
  return restoreModel(stored, held, (model) => {
    setWeights(model, stored, new Values(sections, sources));
  });
}

/**
 * Reads a model from the bytes of a `.pleat` file.
 * @param bytes The whole file.
 * @returns The plain model, not compiled: what `bake` gives for the model that was written, exactly so when its other
 *   weights were stored as float32.
 * @throws TypeError When bytes is no Uint8Array.
 * @throws PleatFormatError When the container is broken.
 * @throws PleatModelError When the container is sound but holds no readable model.
 * @example
 * // masked: a model of one dense layer, made by maskModel
 * const plain = await decodeModel(await encodeModel(masked));
 * plain.layers[0].getClassName(); // Dense
 */
export async function decodeModel(bytes: Uint8Array): Promise<tf.LayersModel> {
  requireBytes('decodeModel', bytes);
  return modelFromSections(decodeContainer(bytes).sections);
}

import { encodeContainer, type MaskCoding, type Section } from '@pleat/codec';
import { onlyOptions, requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { bakeKernels } from '../bake.ts';
import type { MaskedKernel } from '../layers/kernel.ts';
import { disposeModel } from '../weights.ts';
import { deflateText, type StoredSource, type StoredWeight } from './document.ts';
import { maskSections, type StoredMask } from './masks.ts';
import { TensorWriter } from './tensors.ts';
import { storeModel } from './topology.ts';
import { writeDocument } from './wire.ts';

/** How the weights that are not masked are stored. */
export type StoredPrecision = 'float32' | 'float16' | 'uint8';

const precisions = ['float32', 'float16', 'uint8'] as const satisfies StoredPrecision[];

/** How a model is written. */
export interface EncodeOptions {
  /** Anything JSON that belongs to the model: class names, preprocessing, a training summary. */
  metadata?: Record<string, unknown>;
  /** Mask coding; default `auto`, the smaller of raw and range coded. */
  maskCoding?: MaskCoding;
  /** Precision of the other weights: one for all, or by weight name (`layer/weight`). Default float32, which loses nothing. */
  tensors?: StoredPrecision | ((name: string) => StoredPrecision);
}

const optionNames = [
  'metadata',
  'maskCoding',
  'tensors',
] as const satisfies (keyof EncodeOptions)[];

/** The precision asked for one weight. */
function precisionOf(
  tensors: NonNullable<EncodeOptions['tensors']>,
  name: string,
): StoredPrecision {
  const precision = typeof tensors === 'function' ? tensors(name) : tensors;
  if (precisions.includes(precision)) return precision;
  throw new RangeError(
    `encodeModel: tensors must be one of ${precisions.join(', ')}, got ${String(precision)} for weight '${name}'.`,
  );
}

/** The bits of a final mask and the one gain its values share. */
function bitsOf(path: string, kernel: MaskedKernel): { bits: Uint8Array; gain: number } {
  const mask = kernel.mask();
  const values = mask.dataSync<'float32'>();
  mask.dispose();
  const { alphabet, name } = kernel.learner.learner;
  const low = alphabet === 'sign' ? -1 : 0;
  let gain = 0;
  for (const value of values) gain = Math.max(gain, Math.abs(value));
  const bits = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value !== gain && value !== low * gain) {
      throw new Error(
        `encodeModel: learner '${name}' gave the mask of '${path}' the value ${value}; expected only ${low * gain} and ${gain}.`,
      );
    }
    bits[i] = value === gain && gain !== 0 ? 1 : 0;
  }
  return { bits, gain: gain === 0 ? 1 : gain };
}

/** The values of given prototypes, put together again from the layers that read them. */
class SourceTable {
  readonly stored: StoredSource[] = [];
  readonly values: (Float32Array | null)[] = [];
  readonly #index = new Map<string, number>();

  add(kernel: MaskedKernel): number {
    const { fill, given } = kernel.masking;
    const key = JSON.stringify(fill.source);
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.stored.length;
      this.#index.set(key, index);
      this.stored.push(given ? { length: fill.source.length } : fill.source);
      this.values.push(given ? new Float32Array(fill.source.length) : null);
    }
    const values = this.values[index];
    if (values != null) {
      const own = kernel.given?.read().dataSync<'float32'>() ?? [];
      const read = Math.min(own.length, values.length);
      for (let i = 0; i < read; i++) values[(fill.offset + i) % values.length] = own[i] ?? 0;
    }
    return index;
  }
}

/**
 * Writes a model into the bytes of a `.pleat` file.
 * @param model A masked model, or a plain one (whose weights are then all stored as tensors).
 * @param options Metadata, mask coding, precision of what is not masked.
 * @returns The file's bytes; the same for the same model on every machine.
 * @throws TypeError, RangeError When an argument or option is not what it should be.
 * @throws Error When scores are NaN, or a layer cannot be rebuilt from its config.
 * @example
 * // masked: 100 x 100 weights behind signed masks, no bias
 * (await encodeModel(masked)).length < 40_000 / 20; // true
 */
export async function encodeModel(
  model: tf.LayersModel,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  requireModel('encodeModel', model);
  onlyOptions('encodeModel', options, optionNames);
  const { metadata = {}, maskCoding = 'auto', tensors = 'float32' } = options;
  const { plain, kernels } = bakeKernels(model, true);
  try {
    const masks: StoredMask[] = [];
    const sources = new SourceTable();
    const pool = new TensorWriter();
    const store = (weight: tf.LayerVariable, path: string): StoredWeight => {
      const shape = weight.shape as number[];
      const kernel = kernels.get(weight);
      if (kernel !== undefined) {
        const { offset, scale } = kernel.masking.fill;
        const { bits, gain } = bitsOf(path, kernel);
        masks.push({ shape, bits });
        const fill = { source: sources.add(kernel), offset, scale, gain };
        return { form: kernel.learner.learner.alphabet, shape, fill };
      }
      const name = weight.originalName.startsWith(path)
        ? weight.originalName
        : `${path}/${weight.originalName.split('/').at(-1)}`;
      if (weight.dtype !== 'float32' && weight.dtype !== 'int32') {
        throw new Error(
          `encodeModel: weight '${name}' is ${weight.dtype}; a file holds float32 and int32 weights.`,
        );
      }
      const form = weight.dtype === 'int32' ? 'int32' : precisionOf(tensors, name);
      pool.add(form, weight.read().dataSync() as Float32Array | Int32Array);
      return { form, shape };
    };
    const document = { model: storeModel(plain, store), sources: sources.stored, metadata };
    const sections: Section[] = [
      { kind: 'bytes', name: 'model', bytes: deflateText(writeDocument(document)) },
      ...sources.values.flatMap((values, i): Section[] =>
        values === null
          ? []
          : [{ kind: 'tensor', name: `source/${i}`, shape: [values.length], values }],
      ),
      ...maskSections(masks, maskCoding),
      ...pool.sections(),
    ];
    return encodeContainer(sections);
  } finally {
    disposeModel(plain);
  }
}

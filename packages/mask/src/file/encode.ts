import { encodeContainer, type MaskCoding, type Section } from '@pleat/codec';
import { copyWeights, onlyOptions, requireModel, weightName } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { type Baked, bakeKernels } from '../bake.ts';
import type { MaskedKernel } from '../layers/kernel.ts';
import { foldNorms } from '../norms.ts';
import { disposeModel, maskedKernels } from '../weights.ts';
import { constantOf } from './constants.ts';
import { deflateText, type StoredSource, type StoredWeight } from './document.ts';
import { signHints } from './fixed.ts';
import { maskSections, type StoredMask } from './masks.ts';
import { maskParts } from './multiplier.ts';
import { type KeptPrecision, keptPrecisions, storeSparse } from './sparse.ts';
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
  /**
   * Precision of the other weights: one for all, or by weight name (`layer/weight`). Default float32, which loses nothing. Under
   * `uint8` for all, variances of batch norms take float16: models divide by the small ones, of which 255 even steps leave nothing.
   */
  tensors?: StoredPrecision | ((name: string) => StoredPrecision);
  /**
   * Precision of what is not zero in weights that are mostly zero, which are stored by positions and values. Default: that of
   * `tensors`.
   */
  kept?: KeptPrecision;
  /**
   * Batch norms: `keep` their scale, shift, mean and variance; `fold` all four into scale and shift; or `recompute`: leave mean
   * and variance out, to be computed again from a batch by whoever decodes (`calibrate`). Default `keep`.
   */
  norms?: 'keep' | 'fold' | 'recompute';
}

const optionNames = [
  'metadata',
  'maskCoding',
  'tensors',
  'kept',
  'norms',
] as const satisfies (keyof EncodeOptions)[];

/** The precision asked for one weight. */
function precisionOf(
  tensors: NonNullable<EncodeOptions['tensors']>,
  name: string,
  weight: tf.LayerVariable,
): StoredPrecision {
  const precision = typeof tensors === 'function' ? tensors(name) : tensors;
  if (precision === tensors && precision === 'uint8' && weightName(weight) === 'moving_variance') {
    return 'float16';
  }
  if (precisions.includes(precision)) return precision;
  throw new RangeError(
    `encodeModel: tensors must be one of ${precisions.join(', ')}, got ${String(precision)} for weight '${name}'.`,
  );
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

/** Gathers masked kernels on their way into a file. */
class MaskWriter {
  readonly masks: StoredMask[] = [];
  readonly sources = new SourceTable();
  readonly #pool: TensorWriter;
  /** The place of each kernel in the file, by its index in the model. */
  readonly #places = new Map<number, number>();

  constructor(pool: TensorWriter) {
    this.#pool = pool;
  }

  add(path: string, kernel: MaskedKernel): StoredWeight {
    const { masking, frozen, learner } = kernel;
    const { shape, offset, scale } = masking.fill;
    const place = this.#places.size;
    const scales = this.#scales(kernel);
    const of = masking.owner === undefined ? undefined : this.#places.get(masking.owner);
    this.#places.set(masking.index, place);
    if (of !== undefined) return { form: 'same', shape, of, ...scales };
    const { alphabet } = learner.learner;
    const { bits, signs, gain } = maskParts(path, kernel);
    const hints = alphabet === 'binary' ? signHints(kernel.fixedValues(), frozen) : undefined;
    this.masks.push({ shape: frozen === null ? shape : [bits.length], bits, hints });
    // Behind each ternary mask come the signs of what it keeps.
    if (alphabet === 'ternary') {
      this.masks.push({ shape: [signs.length], bits: signs, hints: undefined });
    }
    const fill = { source: this.sources.add(kernel), offset, scale, gain };
    const stream = frozen === null ? {} : { frozen: masking.owner ?? masking.index };
    return { form: alphabet, shape, fill, ...stream, ...scales };
  }

  #scales({ scales }: MaskedKernel): Pick<StoredWeight, 'scales'> {
    if (scales === null) return {};
    const { variable, precision: form } = scales;
    // The values themselves: rounding them twice could give others.
    this.#pool.add(form, variable.read().dataSync<'float32'>() as Float32Array);
    return { scales: { form, shape: variable.shape as number[] } };
  }
}

/** What a batch norm has before it has seen anything. */
const statistics: Readonly<Record<string, number>> = { moving_mean: 0, moving_variance: 1 };

/** The plain model behind a masked one, and the masked kernel behind each of its weights that has one. */
function bakeForFile(model: tf.LayersModel, fold: boolean): Baked {
  const baked = bakeKernels(model, true);
  if (!fold) return baked;
  try {
    const plain = foldNorms(baked.plain);
    const kernels: Baked['kernels'] = new Map();
    copyWeights(baked.plain, plain, (from, to) => {
      const kernel = baked.kernels.get(from);
      if (kernel !== undefined) kernels.set(to, kernel);
      return null;
    });
    return { plain, kernels };
  } finally {
    disposeModel(baked.plain);
  }
}

/**
 * Writes a model into the bytes of a `.pleat` file.
 * @param model A masked model, or a plain one (whose weights are then all stored as tensors).
 * @param options Metadata, mask coding, how what is not masked is stored.
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
  const { metadata = {}, maskCoding = 'auto', tensors = 'float32', kept, norms = 'keep' } = options;
  if (kept !== undefined && !keptPrecisions.includes(kept)) {
    throw new RangeError(
      `encodeModel: kept must be one of ${keptPrecisions.join(', ')}, got ${String(kept)}.`,
    );
  }
  if (!['keep', 'fold', 'recompute'].includes(norms)) {
    throw new RangeError(
      `encodeModel: norms must be one of keep, fold, recompute, got ${String(norms)}.`,
    );
  }
  const { plain, kernels } = bakeForFile(model, norms === 'fold');
  try {
    const pool = new TensorWriter();
    const masked = new MaskWriter(pool);
    const left: string[] = [];
    const store = (weight: tf.LayerVariable, path: string): StoredWeight => {
      const shape = weight.shape as number[];
      const kernel = kernels.get(weight);
      if (kernel !== undefined) return masked.add(path, kernel);
      const name = weight.originalName.startsWith(path)
        ? weight.originalName
        : `${path}/${weight.originalName.split('/').at(-1)}`;
      if (weight.dtype !== 'float32' && weight.dtype !== 'int32') {
        throw new Error(
          `encodeModel: weight '${name}' is ${weight.dtype}; a file holds float32 and int32 weights.`,
        );
      }
      const statistic = statistics[weightName(weight)];
      if (norms === 'recompute' && statistic !== undefined) {
        left.push(name);
        return { form: 'constant', shape, value: statistic };
      }
      const values = weight.read().dataSync() as Float32Array | Int32Array;
      const constant = weight.dtype === 'int32' ? null : constantOf(values, shape);
      if (constant !== null) return { form: 'constant', shape, value: constant };
      const form = weight.dtype === 'int32' ? 'int32' : precisionOf(tensors, name, weight);
      if (form !== 'int32') {
        const scales = form === 'float32' ? 'float32' : 'float16';
        const floats = values as Float32Array;
        const sparse = storeSparse(floats, shape, kept ?? form, scales, masked.masks, pool);
        if (sparse !== undefined) return sparse;
      }
      pool.add(form, values);
      return { form, shape };
    };
    const first = maskedKernels(model)[0]?.kernel.layer;
    const document = {
      model: storeModel(plain, store),
      sources: masked.sources.stored,
      ...(first?.freeze ? { freeze: { ...first.freeze, seed: first.seed } } : {}),
      ...(left.length > 0 ? { recompute: true } : {}),
      metadata,
    };
    const sections: Section[] = [
      { kind: 'bytes', name: 'model', bytes: deflateText(writeDocument(document)) },
      ...masked.sources.values.flatMap((values, i): Section[] =>
        values === null
          ? []
          : [{ kind: 'tensor', name: `source/${i}`, shape: [values.length], values }],
      ),
      ...maskSections(masked.masks, maskCoding),
      ...pool.sections(),
    ];
    return encodeContainer(sections);
  } finally {
    disposeModel(plain);
  }
}

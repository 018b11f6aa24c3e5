import type { PrototypeSource } from '@pleat/prototype';
import { deflateSync, inflateSync } from 'fflate';
import type { Freeze } from '../layers/frozen.ts';
import { PleatModelError } from './errors.ts';

/** A weight that is a mask over a prototype: `binary` keeps or drops, `sign` chooses the sign, `ternary` does both. */
export type MaskForm = 'binary' | 'sign' | 'ternary';

/** How values are stored. */
export type TensorForm = 'float32' | 'float16' | 'uint8' | 'int32';

/**
 * How a weight is stored: as a mask over the prototype, as `same` as an earlier masked weight, as values, as one value that
 * all of it has (`constant`), or as the positions and values of what is not zero (`sparse`).
 */
export type WeightForm = MaskForm | 'same' | TensorForm | 'constant' | 'sparse';

/** What a sparse weight is where it is not zero: floats, `low + step * code`, or signs of the magnitudes in its scales. */
export type Kept =
  | { form: 'float32' | 'float16'; count: number }
  | { form: 'codes'; count: number; bits: 4 | 8; low: number; step: number }
  | { form: 'signs'; count: number };

/** Tells the masked forms. */
export function isMaskForm(form: WeightForm): form is MaskForm {
  return form === 'binary' || form === 'sign' || form === 'ternary';
}

/** Where a masked weight's fixed values are, and the gain its mask carries. */
export interface StoredFill {
  source: number;
  offset: number;
  scale: number;
  gain: number;
}

/** One weight of a layer. */
export interface StoredWeight {
  form: WeightForm;
  shape: number[];
  /** Of the masked forms. */
  fill?: StoredFill;
  /** Of the masked forms, where a part of the weight is decided by seed: which of the seed's streams. */
  frozen?: number;
  /** Of `sparse`. */
  kept?: Kept;
  /** Of the masked forms, `same` and `sparse`: factors that are multiplied in, broadcast. */
  scales?: { form: TensorForm; shape: number[] };
  /** Of `same`: which masked weight, counted from 0 in the order of the file. */
  of?: number;
  /** Of `constant`. */
  value?: number;
}

/** One input of a call: how many layers back in the list, which call of that layer, which output, call arguments. */
export type Inbound = [back: number, call: number, output: number, args: Record<string, unknown>];

/** A layer, or a model within a model. */
export interface StoredLayer {
  className: string;
  name: string;
  /** tfjs' config without the name and without what is the class's default. */
  config: Record<string, unknown>;
  /** The calls of the layer in a functional model, each with its inputs. */
  inbound: Inbound[][];
  /** In the layer's own order. */
  weights: StoredWeight[];
  model?: StoredModel;
}

/** [layer, call, output] */
export type Port = [layer: number, call: number, output: number];

/** The structure of a model; a Sequential has no ports. */
export interface StoredModel {
  sequential: boolean;
  name: string;
  layers: StoredLayer[];
  inputs: Port[];
  outputs: Port[];
}

/** A prototype: what to draw, or how many values of it the file stores. */
export type StoredSource = PrototypeSource | { length: number };

/** Everything of a model file that is neither mask nor tensor. */
export interface ModelDocument {
  model: StoredModel;
  sources: StoredSource[];
  /** Which weights the seed decides, in models that have such. */
  freeze?: Freeze & { seed: number };
  /** True when statistics of batch norms are not stored but to be computed anew from a batch. */
  recompute?: boolean;
  metadata: Record<string, unknown>;
}

// A topology of ten thousand layers takes 3 MB; a file that claims more is no model.
const longest = 2 ** 24;

/** Text to deflated bytes, its length in the first four. */
export function deflateText(text: string): Uint8Array {
  const raw = new TextEncoder().encode(text);
  const packed = deflateSync(raw, { level: 9, mem: 12 });
  const out = new Uint8Array(4 + packed.length);
  new DataView(out.buffer).setUint32(0, raw.length, true);
  out.set(packed, 4);
  return out;
}

/**
 * The inverse of deflateText.
 * @throws PleatModelError When the bytes are no such text, or one longer than they say.
 */
export function inflateText(bytes: Uint8Array): string {
  const fail = (what: string): never => {
    throw new PleatModelError('model-json', `decodeModel: the model's description ${what}.`);
  };
  if (bytes.length < 4) return fail('is cut off');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > longest) return fail(`says it has ${length} bytes, more than ${longest}`);
  try {
    // inflateSync writes no further than `out`, whatever the bytes say.
    const raw = inflateSync(bytes.subarray(4), { out: new Uint8Array(length) });
    if (raw.length !== length) return fail(`has ${raw.length} bytes and says ${length}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch (error) {
    if (error instanceof PleatModelError) throw error;
    return fail(`cannot be inflated (${(error as Error).message})`);
  }
}

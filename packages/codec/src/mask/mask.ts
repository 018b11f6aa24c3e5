import { sizeOf } from '../container/layout.ts';
import type { MaskCoding } from '../container/types.ts';
import { PleatFormatError } from '../errors.ts';
import { Contexts } from './contexts.ts';
import { fitModel } from './fit.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import { candidateLags } from './lags.ts';
import {
  decodeMaps,
  encodeMaps,
  type Hints,
  type MaskModel,
  order0,
  readLags,
  writeLags,
} from './model.ts';
import { newCounts, RangeDecoder, RangeEncoder } from './range-coder.ts';
import { packBits, unpackBits } from './raw.ts';

/** Below this many weights a mask cannot save what a model costs. */
const smallestModelled = 64;

function encodeWith(
  model: MaskModel,
  padded: Uint8Array,
  margin: number,
  geometry: Geometry,
): Uint8Array {
  const coder = new RangeEncoder();
  encodeMaps(coder, model);
  const contexts = new Contexts(model, geometry);
  const counts = newCounts(contexts.count);
  const { current } = contexts;
  if (contexts.count === 1) {
    for (let i = margin; i < padded.length; i++) coder.encode(padded[i]!, 0, counts);
  } else {
    for (let index = 0; index < contexts.runs; index++) {
      const run = contexts.run(index);
      const at = margin + run.start;
      contexts.fill(padded, at, run);
      contexts.addNear(padded, at, run);
      for (let i = 0; i < run.length; i++) coder.encode(padded[at + i]!, current[i]!, counts);
    }
  }
  const head = writeLags(model);
  const code = coder.finish();
  const bytes = new Uint8Array(head.length + code.length);
  bytes.set(head);
  bytes.set(code, head.length);
  return bytes;
}

/** How a single mask is coded; `hinted` is range coded, with odds that depend on hints too. */
export type CodedMask = 'raw' | 'range' | 'hinted';

const mostClasses = 16;

/** Checks hints, one class a weight, and counts the classes. */
function hintsOf(who: string, size: number, classes: Uint8Array | undefined): Hints | null {
  if (classes === undefined) return null;
  let highest = 0;
  for (let i = 0; i < classes.length; i++) highest = Math.max(highest, classes[i]!);
  if (classes.length !== size || highest >= mostClasses) {
    throw new RangeError(
      `${who}: hints must be a class of 0 .. ${mostClasses - 1} for each of ${size} weights, found ${classes.length} up to ${highest}`,
    );
  }
  return { classes, count: highest + 1 };
}

/** A mask behind as many zeros as the longest lag that a model may have. */
export interface PaddedMask {
  padded: Uint8Array;
  margin: number;
}

/** A mask's code, and what made it. */
interface Coded extends PaddedMask {
  coding: CodedMask;
  bytes: Uint8Array;
  model: MaskModel;
}

/** The shortest range code found, or null when the mask is sure to take more than `most` bytes. */
function encodeRange(
  bits: Uint8Array,
  geometry: Geometry,
  most: number,
  hints: Hints | null,
): Coded | null {
  const margin = Math.max(0, ...candidateLags(geometry));
  const padded = new Uint8Array(margin + bits.length);
  padded.set(bits, margin);
  const coded = (model: MaskModel) => ({
    coding: model.hints ? ('hinted' as const) : ('range' as const),
    bytes: encodeWith(model, padded, margin, geometry),
    model,
    padded,
    margin,
  });
  if (bits.length < smallestModelled) return coded(order0);
  const { model, length, order0Length } = fitModel(padded, margin, geometry, hints);
  if (Math.min(length, order0Length) / 8 > most + 16) return null;
  const modelled = coded(model);
  if (model === order0 || 8 * modelled.bytes.length <= order0Length) return modelled;
  const plain = coded(order0);
  return plain.bytes.length < modelled.bytes.length ? plain : modelled;
}

/** Codes a mask, for the function that is called `who`; without a model where it is stored raw. */
export function codeMask(
  who: string,
  bits: Uint8Array,
  shape: readonly number[],
  coding: MaskCoding,
  hints: Uint8Array | undefined,
): Coded | { coding: 'raw'; bytes: Uint8Array; model: null } {
  if (sizeOf(shape) !== bits.length) {
    throw new RangeError(
      `${who}: shape [${shape}] has ${sizeOf(shape)} weights, found ${bits.length} bits; pass one byte a weight`,
    );
  }
  let union = 0;
  for (let i = 0; i < bits.length; i++) union |= bits[i]!;
  if (union > 1) {
    const at = bits.findIndex((bit) => bit > 1);
    throw new RangeError(`${who}: bits must be 0 or 1, found ${bits[at]} at ${at}`);
  }
  if (coding !== 'raw' && bits.length > 0) {
    const most = Math.ceil(bits.length / 8) + (coding === 'range' ? 16 : -1);
    const classes = hintsOf(who, bits.length, hints);
    const coded = encodeRange(bits, geometryOf(shape), most, classes);
    if (coded && coded.bytes.length <= most) return coded;
  }
  return { coding: 'raw', bytes: packBits(bits), model: null };
}

/**
 * Codes a mask.
 *
 * @param bits the mask, one byte (0 or 1) a weight, row-major
 * @param shape its shape; kernels are [..., inputs, filters] as in TensorFlow.js
 * @param coding raw (one bit a weight), range (adaptive; raw all the same where that is smaller by more than 16 bytes), or auto (the
 *   default): the smaller of both
 * @param hints a class of 0 .. 15 for each weight that the decoder will know too, such as the sign of a fixed value behind the
 *   mask; the coding is `hinted` when they were of use, and then decoding takes the same hints
 * @returns the coding taken and the bytes, never more than raw takes plus 16
 * @throws RangeError when bits, hints and shape do not match, a byte is neither 0 nor 1, or a hint is above 15
 * @example
 * console.log(encodeMask(new Uint8Array(800), [100, 8]).coding); // range
 */
export function encodeMask(
  bits: Uint8Array,
  shape: readonly number[],
  coding: MaskCoding = 'auto',
  hints?: Uint8Array,
): { coding: CodedMask; bytes: Uint8Array } {
  const { coding: taken, bytes } = codeMask('encodeMask', bits, shape, coding, hints);
  return { coding: taken, bytes };
}

function decodeRaw(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== Math.ceil(size / 8)) {
    throw new PleatFormatError(
      'section-size',
      `decodeMask: ${size} weights take ${Math.ceil(size / 8)} raw bytes, found ${bytes.length}`,
    );
  }
  if (size % 8 && bytes.at(-1)! >>> (size % 8)) {
    throw new PleatFormatError(
      'section-data',
      `decodeMask: the ${8 - (size % 8)} unused bits of the last byte must be 0, found ${bytes.at(-1)}`,
    );
  }
  return unpackBits(bytes, size);
}

function decodeRange(bytes: Uint8Array, geometry: Geometry, hints: Hints | null): Uint8Array {
  const { model, end } = readLags(bytes, geometry, hints);
  const coder = new RangeDecoder(bytes, end);
  decodeMaps(coder, model, geometry);
  const contexts = new Contexts(model, geometry);
  const counts = newCounts(contexts.count);
  const { current, near, references, referenceShift, margin } = contexts;
  const padded = new Uint8Array(margin + geometry.size);
  if (contexts.count === 1) {
    for (let i = 0; i < padded.length; i++) padded[i] = coder.decode(0, counts);
    return ended(coder, padded);
  }
  for (let index = 0; index < contexts.runs; index++) {
    const run = contexts.run(index);
    const { length, column } = run;
    const at = margin + run.start;
    contexts.fill(padded, at, run);
    if (near.length === 0 && !references) {
      for (let i = 0; i < length; i++) padded[at + i] = coder.decode(current[i]!, counts);
      continue;
    }
    for (let i = 0; i < length; i++) {
      let context = current[i]!;
      for (let k = 0; k < near.length; k++) {
        context += padded[at + i - near[k]!.lag]! << near[k]!.shift;
      }
      const distance = references ? references[column + i]! : 0;
      if (distance) context += padded[at + i - distance]! << referenceShift;
      padded[at + i] = coder.decode(context, counts);
    }
  }
  return ended(coder, margin > 0 ? padded.slice(margin) : padded);
}

function ended(coder: RangeDecoder, bits: Uint8Array): Uint8Array {
  if (coder.unread > 0) {
    throw new PleatFormatError(
      'section-size',
      `decodeMask: the ${bits.length} weights of the mask end ${coder.unread} bytes before the section does`,
    );
  }
  return bits;
}

/**
 * Reads a mask back.
 *
 * @param bytes what `encodeMask` returned
 * @param shape the shape it was given
 * @param coding the coding it returned
 * @param hints the hints it was given, for the coding `hinted`
 * @returns the mask, one byte (0 or 1) a weight, row-major
 * @throws PleatFormatError when the bytes cannot come from `encodeMask` with this shape
 * @throws RangeError when a hinted mask comes without its hints
 * @example
 * const { bytes, coding } = encodeMask(Uint8Array.of(1, 0, 1, 1), [4]);
 * console.log(decodeMask(bytes, [4], coding).join('')); // 1011
 */
export function decodeMask(
  bytes: Uint8Array,
  shape: readonly number[],
  coding: CodedMask,
  hints?: Uint8Array,
): Uint8Array {
  const size = sizeOf(shape);
  if (coding === 'raw' || size === 0) return decodeRaw(bytes, size);
  const classes = coding === 'hinted' ? hintsOf('decodeMask', size, hints) : null;
  if (coding === 'hinted' && classes === null) {
    throw new RangeError(
      'decodeMask: this mask was coded with hints, found none; pass those that encodeMask got',
    );
  }
  return decodeRange(bytes, geometryOf(shape), classes);
}

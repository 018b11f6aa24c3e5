import { PleatFormatError } from '../errors.ts';
import type { Geometry } from './geometry.ts';
import { newCounts, type RangeDecoder, type RangeEncoder } from './range-coder.ts';

/** What an axis' densities are grouped over: kernel positions, inputs, filters, or (tap, input) pairs. */
export const axes = ['taps', 'inputs', 'filters', 'rows'] as const;

/** The density class (0 .. count - 1, count <= 16) of each index of an axis. */
export interface ClassMap {
  axis: (typeof axes)[number];
  classes: Uint8Array;
  count: number;
}

/**
 * Which already-decoded things the odds of a weight's bit depend on.
 *
 * Its context is made of the classes it belongs to, the bits `lags` places before it, and the bit of the same row in an
 * earlier filter which its own filter resembles.
 */
export interface MaskModel {
  maps: ClassMap[];
  /** Distances in row-major order, each 1 or more. */
  lags: number[];
  /** For each filter how many filters before it lies the one it resembles; 0 for none. */
  references: Uint32Array | null;
  /** A class of each weight that encoder and decoder know beforehand; it is no part of the code. */
  hints: Hints | null;
}

/** A class (0 .. count - 1) of each weight. */
export interface Hints {
  classes: Uint8Array;
  count: number;
}

/** The model that knows nothing but how many ones there were. */
export const order0: Readonly<MaskModel> = { maps: [], lags: [], references: null, hints: null };

const mostLags = 8;
const mostContexts = 2 ** 16;

/** How many contexts a model tells apart. */
export function contextsOf({ maps, lags, references, hints }: MaskModel): number {
  const classes = maps.reduce((product, map) => product * map.count, hints?.count ?? 1);
  return classes * 2 ** lags.length * (references ? 4 : 1);
}

/** Whether the format can express a model. */
export function fits(model: MaskModel): boolean {
  return model.lags.length <= mostLags && contextsOf(model) <= mostContexts;
}

/** The part of a model in front of the range code: a byte of flags, then the lags, 7 bits a byte. */
export function writeLags({ maps, lags, references }: MaskModel): number[] {
  let flags = lags.length;
  for (const map of maps) flags |= 16 << axes.indexOf(map.axis);
  const bytes = [flags];
  // A lag of 0 would be the bit itself: it stands for the references.
  for (const lag of references ? [0, ...lags] : lags) {
    let rest = lag;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  if (references) bytes[0]!++;
  return bytes;
}

function damaged(what: string): PleatFormatError {
  return new PleatFormatError('section-data', `decodeMask: ${what}`);
}

/** Reads what `writeLags` wrote; the maps and references are still empty. */
export function readLags(
  bytes: Uint8Array,
  { size }: Geometry,
  hints: Hints | null,
): { model: MaskModel; end: number } {
  const flags = bytes[0];
  if (flags === undefined) throw damaged(`a range-coded mask begins with its model, found no byte`);
  const maps = axes
    .filter((_, i) => flags & (16 << i))
    .map((axis) => ({ axis, classes: new Uint8Array(), count: 1 }));
  const model: MaskModel = { maps, lags: [], references: null, hints };
  let end = 1;
  for (let i = 0; i < (flags & 15); i++) {
    let lag = 0;
    let byte = 128;
    for (let scale = 1; byte >= 128; scale *= 128) {
      byte = bytes[end++] ?? 256;
      lag += (byte & 127) * scale;
      if (byte > 255 || lag > size) throw damaged(`lag ${i} of the model is not in 0 .. ${size}`);
    }
    if (lag > 0) model.lags.push(lag);
    else if (model.references) throw damaged('the model names its references twice');
    else model.references = new Uint32Array();
  }
  if (!fits(model))
    throw damaged(`a model has at most ${mostLags} lags, found ${model.lags.length}`);
  return { model, end };
}

/** Writes the maps and references of a model into the range code. */
export function encodeMaps(coder: RangeEncoder, { maps, references }: MaskModel): void {
  for (const { classes, count } of maps) {
    const counts = newCounts(32);
    encodeNumber(coder, count - 1, 4, (node) => node, counts);
    counts.fill(1);
    for (const value of classes) encodeNumber(coder, value, 4, (node) => node, counts);
  }
  if (references) {
    const counts = newCounts(64);
    for (const [filter, distance] of references.entries()) {
      coder.encode(distance ? 1 : 0, 0, counts);
      if (distance) encodeNumber(coder, distance, 32 - Math.clz32(filter), byPosition, counts);
    }
  }
}

/** Reads what `encodeMaps` wrote into the model. */
export function decodeMaps(coder: RangeDecoder, model: MaskModel, geometry: Geometry): void {
  for (const map of model.maps) {
    const counts = newCounts(32);
    map.count = decodeNumber(coder, 4, (node) => node, counts) + 1;
    counts.fill(1);
    map.classes = new Uint8Array(geometry[map.axis]);
    for (let i = 0; i < map.classes.length; i++) {
      const value = decodeNumber(coder, 4, (node) => node, counts);
      if (value >= map.count) throw damaged(`a class of ${map.axis} is ${value} of ${map.count}`);
      map.classes[i] = value;
    }
  }
  if (model.references) {
    const counts = newCounts(64);
    model.references = new Uint32Array(geometry.filters);
    for (let filter = 0; filter < geometry.filters; filter++) {
      if (!coder.decode(0, counts)) continue;
      const distance = decodeNumber(coder, 32 - Math.clz32(filter), byPosition, counts);
      if (distance < 1 || distance > filter) {
        throw damaged(`filter ${filter} refers ${distance} filters back`);
      }
      model.references[filter] = distance;
    }
  }
  if (!fits(model)) throw damaged(`a model has at most ${mostContexts} contexts`);
}

// The context of a number's next bit: the bits before it, or only how many are left.
type ContextOf = (node: number, bitsLeft: number) => number;
const byPosition: ContextOf = (_, bitsLeft) => bitsLeft;

function encodeNumber(
  coder: RangeEncoder,
  value: number,
  bits: number,
  contextOf: ContextOf,
  counts: Float64Array,
): void {
  let node = 1;
  for (let left = bits; left > 0; left--) {
    const bit = (value >>> (left - 1)) & 1;
    coder.encode(bit, contextOf(node, left), counts);
    node = 2 * node + bit;
  }
}

function decodeNumber(
  coder: RangeDecoder,
  bits: number,
  contextOf: ContextOf,
  counts: Float64Array,
): number {
  let node = 1;
  for (let left = bits; left > 0; left--)
    node = 2 * node + coder.decode(contextOf(node, left), counts);
  return node - 2 ** bits;
}

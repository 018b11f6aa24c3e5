import { sizeOf } from '../container/layout.ts';
import { codeLength, log2 } from './code-length.ts';
import { Contexts } from './contexts.ts';
import { fitModel } from './fit.ts';
import { geometryOf } from './geometry.ts';
import { candidateLags } from './lags.ts';
import { encodeMaps, type MaskModel, order0, writeLags } from './model.ts';
import { RangeEncoder } from './range-coder.ts';

/** What a mask costs, and what each of its bits does. */
export interface MaskRate {
  /** About how many bits `encodeMask` takes: the length of its adaptive code, with the description of its model. */
  bits: number;
  /** For each weight the bits that a one there costs more than a zero; negative where ones are the rule. */
  price: Float32Array;
}

/** Below this many weights a mask is coded without a model, as in `encodeMask`. */
const smallestModelled = 64;

/** The length of the code under a model, and the prices under it. */
function measure(padded: Uint8Array, margin: number, model: MaskModel, shape: readonly number[]) {
  const geometry = geometryOf(shape);
  const contexts = new Contexts(model, geometry);
  const { current } = contexts;
  const counts = new Float64Array(2 * contexts.count);
  const of = new Uint16Array(geometry.size);
  for (let index = 0; index < contexts.runs; index++) {
    const run = contexts.run(index);
    const at = margin + run.start;
    contexts.fill(padded, at, run);
    contexts.addNear(padded, at, run);
    for (let i = 0; i < run.length; i++) {
      of[run.start + i] = current[i]!;
      counts[2 * current[i]! + padded[at + i]!]!++;
    }
  }
  let bits = 0;
  // Without the weight itself a context has z zeros and o ones, and a one costs log2((z + 1/2) / (o + 1/2)) bits more.
  const ifOne = new Float32Array(contexts.count);
  const ifZero = new Float32Array(contexts.count);
  for (let context = 0; context < contexts.count; context++) {
    const [z, o] = [counts[2 * context]!, counts[2 * context + 1]!];
    if (z + o === 0) continue;
    bits += codeLength(z, o);
    if (o > 0) ifOne[context] = log2(z + 0.5) - log2(o - 0.5);
    if (z > 0) ifZero[context] = log2(z - 0.5) - log2(o + 0.5);
  }
  const price = new Float32Array(geometry.size);
  for (let i = 0; i < price.length; i++) {
    price[i] = (padded[margin + i] ? ifOne : ifZero)[of[i]!]!;
  }
  return { bits, price };
}

/**
 * Estimates what a mask takes once coded, and what each bit costs, without coding it: for a loss that has a price on bits.
 *
 * The price of a bit is exact for an adaptive code (Krichevsky and Trofimov, 1981) whose contexts stay as they are; that other
 * weights' contexts look at it is left out.
 *
 * @param bits the mask, one byte (0 or 1) a weight, row-major
 * @param shape its shape; kernels are [..., inputs, filters] as in TensorFlow.js
 * @param hints as for `encodeMask`
 * @returns about the bits of `encodeMask(bits, shape, 'auto', hints)`, and the price of a one at each weight
 * @throws RangeError when bits and shape do not match
 * @example
 * maskRate(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), [8]).price[1] > 2; // true: a second one is dear
 */
export function maskRate(bits: Uint8Array, shape: readonly number[], hints?: Uint8Array): MaskRate {
  if (sizeOf(shape) !== bits.length) {
    throw new RangeError(
      `maskRate: shape [${shape}] has ${sizeOf(shape)} weights, found ${bits.length} bits; pass one byte a weight`,
    );
  }
  const raw = { bits: bits.length, price: new Float32Array(bits.length) };
  if (bits.length === 0) return raw;
  const geometry = geometryOf(shape);
  const margin = Math.max(0, ...candidateLags(geometry));
  const padded = new Uint8Array(margin + bits.length);
  padded.set(bits, margin);
  const count = hints?.reduce((most, hint) => Math.max(most, hint + 1), 1) ?? 0;
  const known = hints ? { classes: hints, count } : null;
  const model =
    bits.length < smallestModelled ? order0 : fitModel(padded, margin, geometry, known).model;
  const fitted = measure(padded, margin, model, shape);
  const maps = new RangeEncoder();
  encodeMaps(maps, model);
  // Maps and weights are one code, which ends on a whole byte: half a byte twice.
  const described = 8 * (writeLags(model).length + Math.max(0, maps.finish().length - 0.5)) + 4;
  const modelled = { ...fitted, bits: fitted.bits + described };
  return modelled.bits < raw.bits ? modelled : raw;
}

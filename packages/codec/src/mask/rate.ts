import { log2 } from './code-length.ts';
import { Contexts } from './contexts.ts';
import { geometryOf } from './geometry.ts';
import { codeMask, type PaddedMask } from './mask.ts';
import type { MaskModel } from './model.ts';

/** What a mask costs, and what each of its bits does. */
export interface MaskRate {
  /** How many bits the bytes of `encodeMask` have. */
  bits: number;
  /** For each weight the bits that a one there costs more than a zero; negative where ones are the rule. */
  price: Float32Array;
}

/** What turning each bit would change under a model. */
function prices(
  model: MaskModel,
  { padded, margin }: PaddedMask,
  shape: readonly number[],
): Float32Array {
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
  // Without the weight itself a context has z zeros and o ones, and a one costs log2((z + 1/2) / (o + 1/2)) bits more.
  const ifOne = new Float32Array(contexts.count);
  const ifZero = new Float32Array(contexts.count);
  for (let context = 0; context < contexts.count; context++) {
    const [z, o] = [counts[2 * context]!, counts[2 * context + 1]!];
    if (o > 0) ifOne[context] = log2(z + 0.5) - log2(o - 0.5);
    if (z > 0) ifZero[context] = log2(z - 0.5) - log2(o + 0.5);
  }
  const price = new Float32Array(geometry.size);
  for (let i = 0; i < price.length; i++) {
    price[i] = (padded[margin + i] ? ifOne : ifZero)[of[i]!]!;
  }
  return price;
}

/**
 * Measures what a mask takes once coded, and estimates what each of its bits costs: for a loss that has a price on bits.
 *
 * The price of a bit is exact for an adaptive code (Krichevsky and Trofimov, 1981) whose contexts stay as they are; that other
 * weights' contexts look at it is left out.
 *
 * @param bits the mask, one byte (0 or 1) a weight, row-major
 * @param shape its shape; kernels are [..., inputs, filters] as in TensorFlow.js
 * @param hints as for `encodeMask`
 * @returns the bits of `encodeMask(bits, shape, 'auto', hints)`, all of them, and the price of a one at each weight
 * @throws RangeError when bits, hints and shape do not match, or a byte is neither 0 nor 1
 * @example
 * maskRate(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), [8]).bits; // 8
 */
export function maskRate(bits: Uint8Array, shape: readonly number[], hints?: Uint8Array): MaskRate {
  const coded = codeMask('maskRate', bits, shape, 'auto', hints);
  const price =
    coded.model === null ? new Float32Array(bits.length) : prices(coded.model, coded, shape);
  return { bits: 8 * coded.bytes.length, price };
}

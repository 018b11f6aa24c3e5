import { constantOf } from './constants.ts';
import type { Kept, StoredWeight } from './document.ts';
import { PleatModelError } from './errors.ts';
import type { StoredMask } from './masks.ts';
import type { TensorReader, TensorWriter } from './tensors.ts';

/** How values that are not zero are stored, where others are: floats, or codes of 8 or 4 bits between the extremes. */
export type KeptPrecision = 'float32' | 'float16' | 'uint8' | 'uint4';

/** What the names of `KeptPrecision` are. */
export const keptPrecisions: readonly KeptPrecision[] = ['float32', 'float16', 'uint8', 'uint4'];

// Smaller weights are biases and norms, whose zeros are chance.
const leastSize = 64;
// A weight of this form takes some bytes of description more than one stored as it is.
const worthBytes = 32;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The shape of one factor for each filter: the last axis, or of a depthwise kernel the channels before it. */
function filterShape(shape: readonly number[]): number[] {
  const axis = shape.length > 2 && shape.at(-1) === 1 ? shape.length - 2 : shape.length - 1;
  return shape.map((size, i) => (i === axis ? size : 1));
}

/** The filter each element belongs to. */
function filterOf(shape: readonly number[]): (index: number) => number {
  const filters = product(filterShape(shape));
  return (index) => index % filters;
}

/** The magnitude all values of a filter share, zeros apart, one a filter; null when a filter has several. */
function magnitudes(values: Float32Array, shape: readonly number[]): Float32Array | null {
  const found = new Float32Array(product(filterShape(shape)));
  const filter = filterOf(shape);
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude === 0) continue;
    const f = filter(i);
    if (found[f] !== 0 && found[f] !== magnitude) return null;
    found[f] = magnitude;
  }
  return found;
}

/** Bits that so many ones among n take. */
function entropyBits(ones: number, n: number): number {
  const part = (count: number) => (count === 0 ? 0 : -count * Math.log2(count / n));
  return part(ones) + part(n - ones);
}

const bitsOf: Record<KeptPrecision, number> = { float32: 32, float16: 16, uint8: 8, uint4: 4 };

function keptCodes(
  kept: Float32Array,
  precision: 'uint8' | 'uint4',
  pool: TensorWriter,
): Extract<Kept, { form: 'codes' }> {
  const bits = precision === 'uint8' ? 8 : 4;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of kept) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const step = Math.fround((high - low) / (2 ** bits - 1));
  const codes = Int32Array.from(kept, (value) => (step > 0 ? Math.round((value - low) / step) : 0));
  pool.add(`codes/${bits}`, codes);
  return { form: 'codes', bits, count: kept.length, low, step };
}

/**
 * Stores a weight by the positions of what is not zero and its values, where that is smaller; a weight of one magnitude a
 * filter by signs and magnitudes.
 *
 * @param precision of the values that are kept
 * @param scales how magnitudes are stored
 * @returns undefined when the weight is better stored as it is
 */
export function storeSparse(
  values: Float32Array,
  shape: number[],
  precision: KeptPrecision,
  scales: 'float32' | 'float16',
  masks: StoredMask[],
  pool: TensorWriter,
): StoredWeight | undefined {
  const size = values.length;
  if (size < leastSize || shape.length < 2 || constantOf(values, shape) !== null) return undefined;
  const kept = values.filter((value) => value !== 0);
  const count = kept.length;
  if (count === 0 || !kept.every(Number.isFinite)) return undefined;
  const positions = () => {
    if (count === size) return;
    const bits = Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
    masks.push({ shape, bits, hints: undefined });
  };
  const factors = magnitudes(values, shape);
  const positionBits = entropyBits(count, size);
  if (factors !== null && (count + positionBits) / 8 + 4 * factors.length + worthBytes < 4 * size) {
    positions();
    const signs = Uint8Array.from(kept, (value) => (value > 0 ? 1 : 0));
    masks.push({ shape: count === size ? shape : [count], bits: signs, hints: undefined });
    pool.add(scales, factors);
    const kind = { form: 'signs', count } as const;
    return {
      form: 'sparse',
      shape,
      kept: kind,
      scales: { form: scales, shape: filterShape(shape) },
    };
  }
  const dense = precision === 'uint4' ? bitsOf.uint8 : bitsOf[precision];
  const bits = bitsOf[precision] * count + positionBits;
  if (bits / 8 + worthBytes >= (dense * size) / 8) return undefined;
  positions();
  if (precision === 'uint8' || precision === 'uint4') {
    return { form: 'sparse', shape, kept: keptCodes(kept, precision, pool) };
  }
  pool.add(precision, kept);
  return { form: 'sparse', shape, kept: { form: precision, count } };
}

/** The values that are not zero, in order; of signs, 1 and -1. */
function keptValues(
  kept: Kept,
  shape: number[],
  tensors: TensorReader,
  plane: (shape: number[]) => Uint8Array,
): Float32Array {
  const { form, count } = kept;
  if (form === 'signs') {
    const bits = plane(count === product(shape) ? shape : [count]);
    return Float32Array.from(bits, (bit) => (bit === 1 ? 1 : -1));
  }
  if (form !== 'codes') return tensors.take(form, count) as Float32Array;
  const codes = tensors.take(`codes/${kept.bits}`, count);
  return Float32Array.from(codes, (code) => kept.low + kept.step * code);
}

/**
 * The inverse of storeSparse, before scales.
 *
 * @param plane the next mask of the file
 * @throws PleatModelError when the file has other positions than it says
 */
export function readSparse(
  path: string,
  { shape, kept }: StoredWeight,
  tensors: TensorReader,
  plane: (shape: number[]) => Uint8Array,
): Float32Array {
  const size = product(shape);
  const { count } = kept!;
  const bits = count === size ? null : plane(shape);
  const ones = bits === null ? size : bits.reduce((sum, bit) => sum + bit, 0);
  if (ones !== count) {
    throw new PleatModelError(
      'section-size',
      `decodeModel: '${path}' has ${ones} positions and ${count} values.`,
    );
  }
  const values = keptValues(kept!, shape, tensors, plane);
  if (bits === null) return values;
  const out = new Float32Array(size);
  let at = 0;
  for (let i = 0; i < size; i++) if (bits[i] === 1) out[i] = values[at++]!;
  return out;
}

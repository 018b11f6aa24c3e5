import { sizeOf } from '../container/layout.ts';
import type { TensorCoding } from '../container/types.ts';
import { PleatFormatError } from '../errors.ts';
import { decodeAffine, encodeAffine } from './affine.ts';
import { fromFloat16Bits, toFloat16Bits } from './float16.ts';
import { decodeIntegers, encodeIntegers } from './integers.ts';

// Words are moved as integers, never as floats: an engine may change the payload of a NaN it loads.
function encodeWords(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true);
  return bytes;
}

function decodeWords(bytes: Uint8Array, size: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(size);
  for (let i = 0; i < size; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

function encodeHalves(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const half = toFloat16Bits(values[i]!);
    if ((half & 0x7fff) === 0x7c00 && Number.isFinite(values[i]!)) {
      throw new RangeError(
        `encodeTensor: float16 reaches up to 65504, found ${values[i]} at ${i}; use float32`,
      );
    }
    view.setUint16(2 * i, half, true);
  }
  return bytes;
}

function decodeHalves(bytes: Uint8Array, size: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = fromFloat16Bits(view.getUint16(2 * i, true));
  return values;
}

function largestError(values: Float32Array, decoded: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(values[i]! - decoded[i]!);
    if (error > largest) largest = error;
  }
  return largest;
}

function channelsOf(shape: readonly number[], coding: TensorCoding): number {
  return coding === 'uint8-channel' ? (shape.at(-1) ?? 1) : 1;
}

/**
 * Codes a tensor.
 *
 * @param values its values, row-major
 * @param shape its shape
 * @param coding float32 (exact, the default), float16 (nearest, ties to even; beyond 65,504 an error), uint8 (affine, one scale),
 *   uint8-channel (affine, one scale for each index of the last axis), int32 (exact, the default of an Int32Array), int32-range
 *   (exact, at the entropy of the values, which spread over at most 2^16)
 * @returns the coding, the bytes and, for lossy codings, the largest absolute error
 * @throws RangeError when values and shape do not match or the coding cannot hold the values
 * @example
 * console.log(encodeTensor(Float32Array.of(1, 0.5), [2], 'float16').bytes.length); // 4
 */
export function encodeTensor(
  values: Float32Array | Int32Array,
  shape: readonly number[],
  coding: TensorCoding = values instanceof Int32Array ? 'int32' : 'float32',
): { coding: TensorCoding; bytes: Uint8Array; maxError?: number } {
  if (sizeOf(shape) !== values.length) {
    throw new RangeError(
      `encodeTensor: shape [${shape}] has ${sizeOf(shape)} elements, found ${values.length} values`,
    );
  }
  const integers = coding === 'int32' || coding === 'int32-range';
  if (values instanceof Int32Array !== integers) {
    throw new RangeError(
      `encodeTensor: the codings int32 and int32-range go with an Int32Array and the others with a Float32Array, found ${coding} for ${values.constructor.name}`,
    );
  }
  if (coding === 'int32-range') return { coding, bytes: encodeIntegers(values as Int32Array) };
  if (coding === 'int32' || coding === 'float32') {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    return { coding, bytes: encodeWords(words) };
  }
  const floats = values as Float32Array;
  const bytes =
    coding === 'float16' ? encodeHalves(floats) : encodeAffine(floats, channelsOf(shape, coding));
  return { coding, bytes, maxError: largestError(floats, decodeTensor(bytes, shape, coding)) };
}

/**
 * Reads a tensor back.
 *
 * @param bytes what `encodeTensor` returned
 * @param shape the shape it was given
 * @param coding the coding it returned
 * @returns the values, an Int32Array for int32 and int32-range and a Float32Array otherwise
 * @throws PleatFormatError when the bytes cannot come from `encodeTensor` with this shape and coding
 * @example
 * const { bytes, coding } = encodeTensor(Float32Array.of(1, 0.5), [2], 'float16');
 * console.log(decodeTensor(bytes, [2], coding).join()); // 1,0.5
 */
export function decodeTensor(
  bytes: Uint8Array,
  shape: readonly number[],
  coding: TensorCoding,
): Float32Array | Int32Array {
  const size = sizeOf(shape);
  if (coding === 'int32-range') return decodeIntegers(bytes, size);
  const channels = channelsOf(shape, coding);
  const perElement = { float32: 4, int32: 4, float16: 2, uint8: 1, 'uint8-channel': 1 }[coding];
  const expected = perElement * size + (perElement === 1 ? 8 * channels : 0);
  if (bytes.length !== expected) {
    throw new PleatFormatError(
      'section-size',
      `decodeTensor: shape [${shape}] coded as ${coding} takes ${expected} bytes, found ${bytes.length}`,
    );
  }
  if (coding === 'int32') return new Int32Array(decodeWords(bytes, size).buffer);
  if (coding === 'float32') return new Float32Array(decodeWords(bytes, size).buffer);
  return coding === 'float16' ? decodeHalves(bytes, size) : decodeAffine(bytes, size, channels);
}

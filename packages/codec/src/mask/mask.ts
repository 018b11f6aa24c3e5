import { sizeOf } from '../container/layout.ts';
import type { MaskCoding } from '../container/types.ts';
import { PleatFormatError } from '../errors.ts';
import { RangeDecoder, RangeEncoder } from './range-coder.ts';
import { packBits, unpackBits } from './raw.ts';

function encodeOrder0(bits: Uint8Array): Uint8Array {
  const coder = new RangeEncoder();
  const counts = Float64Array.of(1, 1);
  for (let i = 0; i < bits.length; i++) {
    const bit = bits[i]!;
    coder.encode(bit, counts[0]!, counts[1]!);
    counts[bit]! += 2;
  }
  const code = coder.finish();
  const bytes = new Uint8Array(code.length + 1);
  bytes.set(code, 1);
  return bytes;
}

/**
 * Codes a mask.
 *
 * @param bits the mask, one byte (0 or 1) a weight, row-major
 * @param shape its shape; kernels are [..., inputs, filters] as in TensorFlow.js
 * @param coding raw, range, or auto (the default): the smaller of both
 * @returns the coding taken and the bytes
 * @throws RangeError when bits and shape do not match, or a byte is neither 0 nor 1
 * @example
 * console.log(encodeMask(new Uint8Array(800), [100, 8]).coding); // 'range'
 */
export function encodeMask(
  bits: Uint8Array,
  shape: readonly number[],
  coding: MaskCoding = 'auto',
): { coding: 'raw' | 'range'; bytes: Uint8Array } {
  if (sizeOf(shape) !== bits.length) {
    throw new RangeError(
      `encodeMask: shape [${shape}] has ${sizeOf(shape)} weights, found ${bits.length} bits`,
    );
  }
  for (let i = 0; i < bits.length; i++) {
    if (bits[i]! > 1) {
      throw new RangeError(`encodeMask: bits must be 0 or 1, found ${bits[i]} at ${i}`);
    }
  }
  const range = coding === 'raw' ? null : encodeOrder0(bits);
  if (range && (coding === 'range' || range.length < Math.ceil(bits.length / 8))) {
    return { coding: 'range', bytes: range };
  }
  return { coding: 'raw', bytes: packBits(bits) };
}

/**
 * Reads a mask back.
 *
 * @param bytes what `encodeMask` returned
 * @param shape the shape it was given
 * @param coding the coding it returned
 * @returns the mask, one byte (0 or 1) a weight
 * @throws PleatFormatError when the bytes cannot come from `encodeMask` with this shape
 */
export function decodeMask(
  bytes: Uint8Array,
  shape: readonly number[],
  coding: 'raw' | 'range',
): Uint8Array {
  const size = sizeOf(shape);
  if (coding === 'raw') {
    if (bytes.length !== Math.ceil(size / 8)) {
      throw new PleatFormatError(
        'section-size',
        `decodeMask: ${size} weights take ${Math.ceil(size / 8)} raw bytes, found ${bytes.length}`,
      );
    }
    if (size % 8 && bytes.at(-1)! >>> (size % 8)) {
      throw new PleatFormatError(
        'section-data',
        'decodeMask: the unused bits of the last byte must be 0',
      );
    }
    return unpackBits(bytes, size);
  }
  if (bytes[0] !== 0) {
    throw new PleatFormatError('section-data', `decodeMask: unknown mask model ${bytes[0]}`);
  }
  const coder = new RangeDecoder(bytes, 1);
  const bits = new Uint8Array(size);
  const counts = Float64Array.of(1, 1);
  for (let i = 0; i < size; i++) {
    const bit = coder.decode(counts[0]!, counts[1]!);
    counts[bit]! += 2;
    bits[i] = bit;
  }
  if (coder.unread > 0) {
    throw new PleatFormatError(
      'section-size',
      `decodeMask: the ${size} weights of the mask end ${coder.unread} bytes before the section does`,
    );
  }
  return bits;
}

import { PleatFormatError } from '../errors.ts';
import { newCounts, RangeDecoder, RangeEncoder } from '../mask/range-coder.ts';

// Layout: the number of bits of a code (one byte), the least value (int32, little-endian), then the range code. Each code
// is written from its highest bit down, each bit in the context of those before it: an adaptive model of any distribution.
const headBytes = 5;
const mostBits = 16;
const highest = 2 ** 31 - 1;

/** Bits it takes to tell values of such a spread apart. */
function bitsFor(spread: number): number {
  return spread === 0 ? 0 : Math.floor(Math.log2(spread)) + 1;
}

/** Integers at the entropy of their values. @throws RangeError when they spread over more than 2^16 values */
export function encodeIntegers(values: Int32Array): Uint8Array {
  let low = values[0] ?? 0;
  let high = low;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const bits = bitsFor(high - low);
  if (bits > mostBits) {
    throw new RangeError(
      `encodeTensor: int32-range holds values that spread over 2^${mostBits}, found ${low} to ${high}; use int32`,
    );
  }
  const coder = new RangeEncoder();
  const counts = newCounts(2 ** bits);
  for (const value of values) {
    const code = value - low;
    let node = 1;
    for (let left = bits - 1; left >= 0; left--) {
      const bit = (code >>> left) & 1;
      coder.encode(bit, node, counts);
      node = 2 * node + bit;
    }
  }
  const body = bits === 0 ? new Uint8Array() : coder.finish();
  const bytes = new Uint8Array(headBytes + body.length);
  bytes[0] = bits;
  new DataView(bytes.buffer).setInt32(1, low, true);
  bytes.set(body, headBytes);
  return bytes;
}

/** The integers in bytes. @throws PleatFormatError when no encoder writes such bytes */
export function decodeIntegers(bytes: Uint8Array, size: number): Int32Array {
  const fail = (what: string): never => {
    throw new PleatFormatError('section-data', `decodeTensor: integers ${what}`);
  };
  if (bytes.length < headBytes) fail(`begin with ${headBytes} bytes, found ${bytes.length}`);
  const bits = bytes[0]!;
  if (bits > mostBits) fail(`have codes of at most ${mostBits} bits, found ${bits}`);
  const low = new DataView(bytes.buffer, bytes.byteOffset).getInt32(1, true);
  const values = new Int32Array(size).fill(low);
  if (bits === 0) {
    if (bytes.length > headBytes) fail('that are all the same have no code');
    return values;
  }
  const coder = new RangeDecoder(bytes, headBytes);
  const counts = newCounts(2 ** bits);
  const leaf = 2 ** bits;
  for (let i = 0; i < size; i++) {
    let node = 1;
    while (node < leaf) node = 2 * node + coder.decode(node, counts);
    const value = low + node - leaf;
    if (value > highest) fail(`reach ${value}, beyond int32`);
    values[i] = value;
  }
  if (coder.unread > 0) fail(`are followed by ${coder.unread} bytes too many`);
  return values;
}

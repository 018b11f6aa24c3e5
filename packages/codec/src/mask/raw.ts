/** Eight weights a byte, the first in the lowest bit; unused bits of the last byte are 0. */
export function packBits(bits: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) bytes[i >>> 3]! |= bits[i]! << (i & 7);
  return bytes;
}

/** The first `size` bits of packed bytes, one byte each. */
export function unpackBits(bytes: Uint8Array, size: number): Uint8Array {
  const bits = new Uint8Array(size);
  for (let i = 0; i < size; i++) bits[i] = (bytes[i >>> 3]! >>> (i & 7)) & 1;
  return bits;
}

// Four tables, so that a 32-bit word is folded in at a time ("slicing by four", Kounavis & Berry 2005).
const tables = Array.from({ length: 4 }, () => new Int32Array(256)) as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  tables[0][byte] = crc;
}
for (let level = 1; level < 4; level++) {
  for (let byte = 0; byte < 256; byte++) {
    const previous = tables[level - 1]![byte]!;
    tables[level]![byte] = (previous >>> 8) ^ tables[0][previous & 0xff]!;
  }
}

/**
 * The CRC-32 of bytes (polynomial 0xEDB88320, as in zlib and PNG).
 *
 * @param bytes any number of bytes
 * @param previous the CRC of the bytes before these, to continue it (default 0)
 * @returns the checksum, an integer in 0 .. 2^32 - 1
 * @example
 * console.log(crc32(new TextEncoder().encode('123456789')).toString(16)); // cbf43926
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3] = tables;
  let crc = ~previous;
  let i = 0;
  for (const last = bytes.length - 3; i < last; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/** The first eight bytes of every `.pleat` file; like PNG's they show a transfer that changed line ends or dropped bit 7. */
export const magic: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4c, 0x45, 0x41, 0x54, 0x0d, 0x0a);

/** The only version there is. */
export const version = 1;

/** Bytes before the JSON header: magic, version, length of the header, CRC-32 of both and the header (all uint32 little-endian). */
export const preambleBytes = 20;

/** The next multiple of eight, where a section may start. */
export function align8(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

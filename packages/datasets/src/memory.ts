/**
 * Room for pixels: shared memory in Node, so that batch workers read it without a copy.
 *
 * A browser gets plain memory: shared memory is not there without cross-origin isolation, and WebGL
 * refuses to read it.
 */
export function pixels(length: number): Uint8Array {
  const node = typeof process !== 'undefined' && process.versions?.node !== undefined;
  return new Uint8Array(node ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
}

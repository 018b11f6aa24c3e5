import { describe } from '@pleat/ops';

/** Rejects what is no byte array. */
export function requireBytes(who: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  throw new TypeError(
    `${who}: expected the file's bytes as a Uint8Array, got ${describe(bytes)}; read a path or URL with pleatHandler.`,
  );
}

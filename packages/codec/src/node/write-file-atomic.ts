import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file that could not be written; what was there before is untouched, and `code` is the system's (`ENOSPC`, `EACCES` ...). */
export class AtomicWriteError extends Error {
  override readonly name = 'AtomicWriteError';
  /** The file that was to be written. */
  readonly path: string;
  /** The system's error code. */
  readonly code: string;

  constructor(path: string, cause: Error & { code?: string }) {
    const code = cause.code ?? 'unknown';
    const advice =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'free some space'
        : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
          ? 'choose a folder you may write to'
          : code === 'ENOENT' || code === 'ENOTDIR'
            ? 'make its folder first'
            : 'see the cause';
    super(
      `writeFileAtomic: cannot write ${path} (${cause.message}); no earlier file was changed; ${advice}`,
      { cause },
    );
    this.path = path;
    this.code = code;
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; there the rename is durable by itself.
  const handle = await open(folder, 'r').catch(() => null);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}

/**
 * Writes a file so that a reader, or a crash at any moment, sees the old file or the whole new one, nothing between.
 *
 * @param path the file; its folder exists. A file that is there keeps its permissions, a symbolic link its place
 * @param bytes its new content
 * @throws AtomicWriteError when it cannot be written; no temporary file is left behind
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  // A link stays a link: what it points to is replaced.
  const target = await realpath(path).catch(() => path);
  const mode = (await stat(target).catch(() => null))?.mode;
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    if (mode !== undefined) await handle.chmod(mode & 0o7777);
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    await rename(temporary, target);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new AtomicWriteError(path, cause as Error & { code?: string });
  }
  await syncFolder(folder);
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How far an installation has come. */
export interface InstallProgress {
  phase: 'resolve' | 'download' | 'verify' | 'unpack';
  /** Bytes done in this phase. */
  loaded: number;
  /** Bytes of this phase; null while unknown. */
  total: number | null;
}

/** Receives the progress of an installation, several times a second. */
export type ProgressListener = (progress: InstallProgress) => void;

/**
 * Reports the size of the largest file below a folder until stopped.
 *
 * pip shows progress in forms that differ from version to version, or not at all when nobody watches; the file it writes
 * grows in every version.
 *
 * @returns stops the reports
 */
export function watchLargestFile(folder: string, onSize: (bytes: number) => void): () => void {
  const timer = setInterval(async () => onSize(await largestFile(folder)), 250);
  return () => clearInterval(timer);
}

async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import { TorchInstallError } from '../errors.ts';
import type { InstallProgress, ProgressListener } from './progress.ts';

/**
 * Libraries of a wheel that libtorch_cpu does not load: Python's side, the test helpers, CUDA's side. Named are those to leave
 * out, for those to keep (OpenMP, the linear algebra of ARM) have other names on every platform.
 */
const unneeded =
  /python|_test\b|torchbind|backend_with_compiler|custom_ops|shm|global_deps|cuda|nvrtc|nvshmem|\/libtorch\.|\/torch\./;

/** Whether a private copy needs a file of the wheel: libraries, version and the texts of the licences. */
export function isNeeded(name: string): boolean {
  if (name.endsWith('/')) return false;
  if (/^torch\/lib\/[^/]+\.(so|dylib|dll)(\.[\d.]+)?$/.test(name)) return !unneeded.test(name);
  return (
    /^torch\.libs\/[^/]+$/.test(name) ||
    name === 'torch/version.py' ||
    /^torch-[^/]+\.dist-info\/(licenses\/.+|LICENSE|NOTICE|METADATA)$/.test(name)
  );
}

/**
 * Checks the digest of a file.
 *
 * @throws TorchInstallError `checksum` when it is another
 */
export async function verify(
  file: string,
  sha256: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: ProgressListener | undefined },
): Promise<void> {
  const progress: InstallProgress = { phase: 'verify', loaded: 0, total: (await stat(file)).size };
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
    hash.update(chunk as Buffer);
    progress.loaded += (chunk as Buffer).length;
    onProgress?.({ ...progress });
  }
  const found = hash.digest('hex');
  if (found !== sha256) {
    throw new TorchInstallError(
      'checksum',
      `expected the torch wheel to have sha256 ${sha256}, found ${found} over ${progress.loaded} bytes; something on the way changed it, so try another network.`,
    );
  }
}

/** Unpacks what is needed of a wheel, file by file as a stream, under the names it has there. */
export async function unpack(
  wheel: string,
  folder: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: ProgressListener | undefined },
): Promise<void> {
  // The archive checks every name for `..` and absolute paths, and every size against its table.
  const archive = await openPromise(wheel, { autoClose: false, lazyEntries: true });
  try {
    const entries: Entry[] = [];
    for await (const entry of archive.eachEntry())
      if (isNeeded(entry.fileName)) entries.push(entry);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    const progress: InstallProgress = { phase: 'unpack', loaded: 0, total };
    const count = (): Transform =>
      new Transform({
        transform(chunk: Buffer, _encoding, done) {
          progress.loaded += chunk.length;
          onProgress?.({ ...progress });
          done(null, chunk);
        },
      });
    for (const entry of entries) {
      const path = join(folder, entry.fileName);
      await mkdir(dirname(path), { recursive: true });
      const content = await archive.openReadStreamPromise(entry);
      // Flushed, for the folder is renamed to its final name when all are written.
      await pipeline(content, count(), createWriteStream(path, { flush: true }), { signal });
    }
  } finally {
    archive.close();
  }
}

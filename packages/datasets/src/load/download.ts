import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatasetError } from '../errors.ts';
import type { Download } from '../sets/definition.ts';
import type { Progress } from '../types.ts';

/** How hard a download tries. */
export interface DownloadOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Attempts before it gives up; default 3. A later one goes on where the last one stopped, if the server can. */
  attempts?: number;
  /** Milliseconds before the second attempt; each later wait is three times as long; default 300. */
  wait?: number;
}

/**
 * Downloads a file into a folder unless it is there, and checks the published checksum.
 *
 * The file appears under its name only when it is whole and its checksum right, so whatever lies in the folder is
 * good, even after a crash or with several processes at once.
 *
 * @returns path of the file
 * @throws DatasetError `network` when it cannot be fetched, `checksum` when something else came
 */
export async function download(
  item: Download,
  folder: string,
  { onProgress, attempts = 3, wait = 300 }: DownloadOptions = {},
): Promise<string> {
  const path = join(folder, item.file);
  if (await isFile(path)) return path;
  await mkdir(folder, { recursive: true });
  const part = `${path}.${randomUUID()}.part`;
  const handle = await open(part, 'wx');
  try {
    const algorithm = item.sha256 === undefined ? 'md5' : 'sha256';
    const transfer: Transfer = { item, loaded: 0, hash: createHash(algorithm), onProgress };
    for (let attempt = 1; ; attempt++) {
      try {
        await fetchInto(transfer, handle);
        break;
      } catch (error) {
        if (attempt >= attempts || error instanceof Refusal)
          throw networkError(item, attempt, error);
        await sleep(wait * 3 ** (attempt - 1));
      }
    }
    const found = transfer.hash.digest('hex');
    const expected = item.sha256 ?? item.md5;
    if (found !== expected) {
      throw new DatasetError(
        'checksum',
        `loadDataset: expected ${item.url} to have ${algorithm} ${expected}, found ${found} over ${transfer.loaded} bytes; something on the way changed it, so try another network or pass a folder that holds ${item.file} as data.`,
        { file: item.file, expected: expected ?? '', found },
      );
    }
    await handle.sync();
    await handle.close();
    await rename(part, path);
    return path;
  } finally {
    await handle.close().catch(() => {});
    await rm(part, { force: true });
  }
}

interface Transfer {
  item: Download;
  loaded: number;
  hash: ReturnType<typeof createHash>;
  onProgress: DownloadOptions['onProgress'];
}

/** An answer that asking again will not change. */
class Refusal extends Error {}

async function fetchInto(
  transfer: Transfer,
  handle: Awaited<ReturnType<typeof open>>,
): Promise<void> {
  const { item, onProgress } = transfer;
  const headers: { [name: string]: string; range?: string } = { 'accept-encoding': 'identity' };
  if (transfer.loaded > 0) headers.range = `bytes=${transfer.loaded}-`;
  const response = await fetch(item.url, { headers });
  if (!response.ok || response.body === null) {
    const again = response.status >= 500 || response.status === 408 || response.status === 429;
    throw new (again ? Error : Refusal)(`HTTP status ${response.status}`);
  }
  if (transfer.loaded > 0 && !continues(response, transfer.loaded)) {
    transfer.loaded = 0;
    transfer.hash = createHash(item.sha256 === undefined ? 'md5' : 'sha256');
    await handle.truncate(0);
  }
  const length = response.headers.get('content-length');
  const total = length === null ? null : transfer.loaded + Number(length);
  for await (const chunk of response.body) {
    await handle.write(chunk, 0, chunk.length, transfer.loaded);
    transfer.hash.update(chunk);
    transfer.loaded += chunk.length;
    onProgress?.({ file: item.file, loaded: transfer.loaded, total });
  }
  if (total !== null && transfer.loaded !== total) {
    throw new Error(`the connection closed after ${transfer.loaded} of ${total} bytes`);
  }
}

const continues = (response: Response, from: number): boolean =>
  response.status === 206 &&
  response.headers.get('content-range')?.startsWith(`bytes ${from}-`) === true;

function networkError(item: Download, attempts: number, error: unknown): DatasetError {
  const { message, cause } = error as Error;
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return new DatasetError(
    'network',
    `loadDataset: expected to download ${item.url}, found: ${reason} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}); get ${item.file} another way and pass its folder as data, or set PLEAT_DATA to it.`,
    { file: item.file },
    { cause: error },
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

import { DatasetError, fileError } from '../errors.ts';
import type { Source } from './source.ts';

/** Reads files below a web address, gzipped or plain; for browsers. */
export function fetchSource(base: string): Source {
  const root = base.endsWith('/') ? base : `${base}/`;
  return {
    async read(name) {
      for (const file of [`${root}${name}.gz`, `${root}${name}`]) {
        const bytes = await fetchIfThere(file);
        // Servers that mark .gz files as encoded have the browser unpack them: the bytes tell.
        if (bytes !== null)
          return { name: file, bytes: isGzip(bytes) ? await unpack(bytes, file) : bytes };
      }
      return null;
    },
  };
}

async function fetchIfThere(url: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const response = await fetch(url);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new DatasetError(
      'network',
      `loadDataset: expected to fetch ${url}, found: ${(error as Error).message}; serve the files there, or pass another address as data.`,
      { file: url },
      { cause: error },
    );
  }
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function unpack(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    const found = `damaged data (${(error as Error).message})`;
    const details = { file, offset: bytes.length, expected: 'whole gzip data', found };
    throw fileError('corrupt', details, 'fetch the file again', error);
  }
}

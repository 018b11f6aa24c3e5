import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzip } from './gunzip.ts';
import type { Source } from './source.ts';

/** Reads files of a folder, plain or gzipped. */
export function folderSource(folder: string): Source {
  return {
    async read(name) {
      const plain = join(folder, name);
      const bytes = await readIfThere(plain);
      if (bytes !== null) return { name: plain, bytes };
      const packed = await readIfThere(`${plain}.gz`);
      return packed && { name: `${plain}.gz`, bytes: await gunzip(packed, `${plain}.gz`) };
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

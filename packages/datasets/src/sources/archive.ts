import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Parser, type ReadEntry } from 'tar';
import { fileError } from '../errors.ts';
import { gunzip } from './gunzip.ts';
import type { Source } from './source.ts';

/** Reads the files of a .tar.gz by their names, wherever in the archive they lie. */
export async function archiveSource(path: string): Promise<Source> {
  const files = await unpack(await gunzip(await readFile(path), path), path);
  return {
    async read(name) {
      const bytes = files.get(name);
      return bytes === undefined ? null : { name: `${path}: ${name}`, bytes };
    },
  };
}

function unpack(archive: Uint8Array, file: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  return new Promise((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      onReadEntry(entry: ReadEntry) {
        const chunks: Uint8Array[] = [];
        entry.on('data', (chunk: Buffer) => chunks.push(chunk));
        entry.on('end', () => files.set(basename(entry.path), Buffer.concat(chunks)));
      },
    });
    parser.on('end', () => resolve(files));
    parser.on('error', (error: Error) => {
      const found = error.message;
      const details = { file, offset: archive.length, expected: 'a whole tar archive', found };
      reject(fileError('corrupt', details, 'fetch the archive again', error));
    });
    parser.end(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength));
  });
}

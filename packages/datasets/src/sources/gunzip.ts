import { createGunzip } from 'node:zlib';
import { fileError } from '../errors.ts';

/** Unpacks gzip; a cut or damaged file gives a DatasetError that says how far it could be read. */
export function gunzip(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = createGunzip();
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const cut = error.code === 'Z_BUF_ERROR';
      reject(
        fileError(
          cut ? 'truncated' : 'corrupt',
          {
            file,
            offset: stream.bytesWritten,
            expected: 'gzip data',
            found: cut ? 'the end' : error.message,
          },
          'fetch the file again',
          error,
        ),
      );
    });
    stream.end(bytes);
  });
}

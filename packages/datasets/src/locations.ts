// The one file that knows where it lies: as src/locations.ts in the sources, within dist/index.js when built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the images that ship with this package. */
export const bundledFolder: string = fileURLToPath(new URL('../data/', import.meta.url));

/** The built worker script; null when there is none, as in an app bundled into one file. */
export function workerScript(): URL | null {
  const places = ['./worker.js', '../dist/worker.js'].map((path) => new URL(path, import.meta.url));
  return places.find((url) => url.protocol === 'file:' && existsSync(url)) ?? null;
}

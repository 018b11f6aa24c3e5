import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

const candidates = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
const remedy =
  'npm install @tensorflow/tfjs-node (or @tensorflow/tfjs-node-gpu) where you run pleat';

interface Found {
  name: string;
  path: string;
  version: string;
}

/** An optional peer: looked for beside this app, then where the command runs. */
function locate(): Found | undefined {
  for (const base of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    const require = createRequire(base);
    for (const name of candidates) {
      try {
        return {
          name,
          path: require.resolve(name),
          version: require(`${name}/package.json`).version,
        };
      } catch {
        // Not installed there: try the next place.
      }
    }
  }
  return undefined;
}

/** TensorFlow's own library through tfjs-node, for those who have it installed. */
export const tensorflow: Engine = {
  name: 'tensorflow',
  summary: 'TensorFlow through tfjs-node',
  find: async () => {
    const found = locate();
    return found
      ? { available: true, version: found.version, detail: found.name }
      : { available: false, detail: 'tfjs-node is not installed', remedy };
  },
  start: async () => {
    const found = locate();
    if (!found) throw new UsageError(`--engine tensorflow: tfjs-node is not installed; ${remedy}.`);
    // tfjs-node 4.22 calls two functions that Node 23 removed.
    const old = util as unknown as Record<string, unknown>;
    old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    old.isArray ??= Array.isArray;
    try {
      await import(pathToFileURL(found.path).href);
    } catch (error) {
      const [reason] = (error as Error).message.split('\n');
      throw new UsageError(
        `--engine tensorflow: ${found.name} is installed but does not load (${reason}); reinstall it.`,
      );
    }
    await tf.setBackend('tensorflow');
    return { name: 'tensorflow', backend: 'tensorflow', threads: 0, detail: found.name };
  },
};

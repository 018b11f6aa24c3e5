import * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import { versionOf } from '../cli/version.ts';
import type { Engine } from './types.ts';

/** tfjs' WebAssembly backend with Pleat's training kernels: the default on a fresh machine. */
export const wasm: Engine = {
  name: 'wasm',
  summary: 'WebAssembly',
  find: async () => {
    const version = versionOf('@tensorflow/tfjs-backend-wasm');
    return {
      available: true,
      ...(version && { version }),
      detail: 'WebAssembly with SIMD and threads',
    };
  },
  start: async ({ threads }) => {
    // Loaded only when it is wanted: it brings megabytes of WebAssembly.
    const { registerWasm } = await import('@pleat/backend-wasm');
    const started = await registerWasm({ threads });
    if (!(await tf.setBackend('wasm'))) {
      throw new CliError('The wasm engine did not start; try --engine cpu, or --threads 1.');
    }
    return {
      name: 'wasm',
      backend: 'wasm',
      threads: started.threads,
      detail: started.reason ?? 'SIMD',
    };
  },
};

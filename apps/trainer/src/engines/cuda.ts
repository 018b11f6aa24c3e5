import { UsageError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

const detail = 'a GPU needs @pleat/backend-cuda, which is not yet installed with this version';

/** A CUDA GPU; its package is not part of this version. */
export const cuda: Engine = {
  name: 'cuda',
  summary: 'an NVIDIA GPU',
  find: async () => ({ available: false, detail, remedy: 'use --engine wasm until then' }),
  start: async () => {
    throw new UsageError(`--engine cuda: ${detail}; use --engine wasm.`);
  },
};

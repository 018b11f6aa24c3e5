import { UsageError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

const detail = 'libtorch needs @pleat/backend-torch, which is not yet installed with this version';

/** libtorch on the processor; its package is not part of this version. */
export const torch: Engine = {
  name: 'torch',
  summary: 'libtorch on the processor',
  find: async () => ({ available: false, detail, remedy: 'use --engine wasm until then' }),
  start: async () => {
    throw new UsageError(`--engine torch: ${detail}; use --engine wasm.`);
  },
};

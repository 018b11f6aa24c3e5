import * as tf from '@tensorflow/tfjs';
import { CliError, errorSentence, UsageError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

const remedy =
  'pleat setup torch, or pip install torch, or set PLEAT_TORCH to a folder that holds libtorch 2.10 or later';

/** Every libtorch of this machine, the one to use, and a line on each. */
async function look() {
  const { describeTorch, locateTorch } = await import('@pleat/backend-torch');
  const locations = await locateTorch();
  return {
    chosen: locations.find(({ folder, problem }) => folder !== null && problem === null),
    seen: locations.map(describeTorch),
  };
}

/**
 * Lets waiting threads of libtorch sleep sooner than GNU OpenMP's default of milliseconds: where other programs want the
 * processors, each wait at the end of an op takes theirs. Read as the library is loaded; what the user set stands.
 */
function waitBriefly(): void {
  const { OMP_WAIT_POLICY, GOMP_SPINCOUNT } = process.env;
  if (!OMP_WAIT_POLICY && !GOMP_SPINCOUNT) process.env.GOMP_SPINCOUNT = '10000';
}

/** libtorch on the processor, through Pleat's own backend. */
export const torch: Engine = {
  name: 'torch',
  summary: 'libtorch on the processor',
  find: async () => {
    const { chosen, seen } = await look();
    if (chosen) {
      const version = chosen.version ?? 'of unknown version';
      return { available: true, version, detail: `libtorch of ${chosen.origin}`, seen };
    }
    return { available: false, detail: 'there is no libtorch that can be used', seen, remedy };
  },
  start: async ({ threads }) => {
    const { chosen, seen } = await look();
    if (!chosen) {
      const found = seen.length > 0 ? ` (${seen.join('; ')})` : '';
      throw new UsageError(
        `--engine torch: there is no libtorch that can be used${found}; ${remedy}.`,
      );
    }
    const { registerTorch } = await import('@pleat/backend-torch');
    waitBriefly();
    try {
      const { version, threads: count } = await registerTorch({
        path: chosen.folder!,
        ...(threads !== 'auto' && { threads }),
      });
      await tf.setBackend('torch');
      return {
        name: 'torch',
        backend: 'torch',
        threads: count,
        detail: `libtorch ${chosen.version ?? version} of ${chosen.origin}`,
      };
    } catch (error) {
      throw new CliError(
        `--engine torch: the libtorch of ${chosen.origin} does not start (${errorSentence(error).replace(/\.$/, '')}); see pleat doctor.`,
        { cause: error },
      );
    }
  },
};

import * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

/** An NVIDIA GPU, through libtorch or TensorFlow, whichever computes there. */
export const cuda: Engine = {
  name: 'cuda',
  summary: 'an NVIDIA GPU',
  find: async () => {
    const { deviceInfo } = await import('@pleat/backend-cuda');
    try {
      const { name, memoryBytes, computeCapability, driver, cuda: newest } = deviceInfo();
      const memory = `${(memoryBytes / 1e9).toFixed(1)} GB`;
      const seen = `${name}: ${memory}, compute capability ${computeCapability}, driver ${driver ?? 'of unknown version'}, CUDA up to ${newest}`;
      return { available: true, detail: name, seen: [seen] };
    } catch (error) {
      const detail = (error as Error).message;
      return { available: false, detail: detail.replace(/;.*$/, ''), remedy: remedyOf(detail) };
    }
  },
  start: async ({ threads }) => {
    const { CudaNotFoundError, registerCuda } = await import('@pleat/backend-cuda');
    try {
      const { backend, engine, version, device } = await registerCuda({
        // A seed fixes a run: convolutions take their repeatable forms.
        torch: { deterministic: 'prefer', ...(threads !== 'auto' && { threads }) },
      });
      await tf.setBackend(backend);
      const library = engine === 'torch' ? `libtorch ${version}` : `TensorFlow ${version}`;
      return { name: 'cuda', backend, threads: 0, detail: `${library} on ${device.name}` };
    } catch (error) {
      if (!(error instanceof CudaNotFoundError)) throw error;
      const lacks = error.missing.map(({ engine, lacks: what }) => `${engine}: ${what}`).join('. ');
      throw new CliError(`--engine cuda: nothing computes on a GPU here. ${lacks}.`, {
        cause: error,
        exitCode: 2,
      });
    }
  },
};

/** What follows the semicolon of an error's sentence. */
function remedyOf(message: string): string {
  const advice = /; (.*)$/s.exec(message)?.[1] ?? 'see the README of @pleat/backend-cuda';
  return advice.replace(/\.$/, '');
}

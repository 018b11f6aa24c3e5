import * as tf from '@tensorflow/tfjs';
import { CliError, errorSentence, UsageError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

const remedy =
  'pleat setup tensorflow, or npm install @tensorflow/tfjs-node (or @tensorflow/tfjs-node-gpu) where you run pleat';

/** Every tfjs-node of this machine, the one to use, and a line on each. */
async function look() {
  const { locateTensorflow } = await import('@pleat/backend-cuda');
  const locations = locateTensorflow();
  return {
    chosen: locations.find(({ problem }) => problem === null),
    seen: locations.map(
      ({ origin, package: name, version, folder, problem }) =>
        `${origin}: ${name} ${version} in ${folder}${problem === null ? '' : `; ${problem}`}`,
    ),
  };
}

/** TensorFlow's own library through tfjs-node, for those who have it installed. */
export const tensorflow: Engine = {
  name: 'tensorflow',
  summary: 'TensorFlow through tfjs-node',
  find: async () => {
    const { chosen, seen } = await look();
    if (chosen) return { available: true, version: chosen.version, detail: chosen.package, seen };
    const detail =
      seen.length === 0 ? 'tfjs-node is not installed' : 'no tfjs-node that can be used';
    return { available: false, detail, seen, remedy };
  },
  start: async ({ threads }) => {
    const { chosen, seen } = await look();
    if (!chosen) {
      const found =
        seen.length > 0
          ? `no tfjs-node can be used (${seen.join('; ')})`
          : 'tfjs-node is not installed';
      throw new UsageError(`--engine tensorflow: ${found}; ${remedy}.`);
    }
    const { registerTensorflow } = await import('@pleat/backend-cuda');
    try {
      const count = threads === 'auto' ? {} : { threads };
      const { tensorflow: version } = await registerTensorflow({ path: chosen.folder, ...count });
      await tf.setBackend('tensorflow');
      return {
        name: 'tensorflow',
        backend: 'tensorflow',
        threads: threads === 'auto' ? 0 : threads,
        detail: `TensorFlow ${version} of ${chosen.package}`,
      };
    } catch (error) {
      throw new CliError(
        `--engine tensorflow: ${chosen.package} does not start (${errorSentence(error).replace(/\.$/, '')}); see pleat doctor.`,
        { cause: error },
      );
    }
  },
};

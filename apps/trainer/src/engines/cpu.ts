import * as tf from '@tensorflow/tfjs';
import { CliError } from '../cli/errors.ts';
import type { Engine } from './types.ts';

/** tfjs' plain JavaScript backend: everywhere, slow; the reference for the others. */
export const cpu: Engine = {
  name: 'cpu',
  summary: 'plain JavaScript',
  find: async () => ({
    available: true,
    version: tf.version_core,
    detail: 'plain JavaScript, slow',
  }),
  start: async () => {
    if (!(await tf.setBackend('cpu'))) throw new CliError('The cpu engine of tfjs did not start.');
    return { name: 'cpu', backend: 'cpu', threads: 1, detail: 'plain JavaScript' };
  },
};

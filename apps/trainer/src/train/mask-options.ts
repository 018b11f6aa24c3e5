import { isScore, type MaskOptions } from '@pleat/mask';
import { decaysByDefault } from '@pleat/optim';
import type * as tf from '@tensorflow/tfjs';
import type { TrainConfig } from '../config/schema.ts';

/** Leaves out what is undefined: an option that does not apply to a run is absent from its configuration. */
function given<Options extends object>(options: Options): Partial<Options> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Options>;
}

/** How a configuration wants its model masked. */
export function maskOptions(config: TrainConfig): MaskOptions {
  const { seed, strategy, ratio, distribution, offset, rescale } = config;
  const { learner, keep, scope, cut, maskTemperature, affineNorms } = config;
  const { scoreNoise = 0, frozenKept = 0, frozenDropped = 0, fold = 1, scales = 'none' } = config;
  return {
    seed,
    prototype: { seed, ...given({ strategy, distribution, rescale, ratio, offset }) },
    learner: {
      name: learner,
      ...given({ keep, scope, select: cut, temperature: maskTemperature }),
    },
    ...(scoreNoise > 0 && { noise: { from: scoreNoise, to: 0 } }),
    ...(frozenKept + frozenDropped > 0 && {
      freeze: { kept: frozenKept, dropped: frozenDropped },
    }),
    ...(fold > 1 && { fold }),
    ...(scales !== 'none' && { scales }),
    ...(affineNorms === false && { affineNorms }),
  };
}

/** The rule of weight decay that leaves scores alone. */
export function allButScores(name: string, variable: tf.Variable): boolean {
  return !isScore(name) && decaysByDefault(name, variable);
}

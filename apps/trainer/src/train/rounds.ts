import type { TrainConfig } from '../config/schema.ts';

/** One training from a start to an end; most runs are one round. */
export interface Round {
  epochs: number;
  /** Share of the kernels' weights that is pruned before it, of all there are. */
  compression: number;
  /**
   * What it starts from: new weights, those the round before ended with, those of the first round at its `rewind` epoch, or
   * other new weights. All but the first keep only what was pruned last.
   */
  from: 'fresh' | 'trained' | 'rewound' | 'reinitialised';
}

/**
 * The rounds of a run.
 *
 * Pruning trains, prunes and trains on with the schedule begun anew (Renda, Frankle & Carbin, ICLR 2020). A lottery ticket
 * is found by pruning an equal share of what is left each time (Frankle & Carbin, ICLR 2019, section 2).
 *
 * @example
 * roundsOf(config) // for lottery, compression 0.75, rounds 2: compressions 0, 0.5, 0.75
 */
export function roundsOf(config: TrainConfig): Round[] {
  const { method, epochs, compression = 0, fineTune = 1, rounds = 1, reinit } = config;
  const first: Round = { epochs, compression: 0, from: 'fresh' };
  if (method === 'prune') return [first, { epochs: fineTune, compression, from: 'trained' }];
  if (method !== 'lottery') return [first];
  const later = Array.from({ length: rounds }, (_, i): Round => {
    const last = i === rounds - 1;
    return {
      epochs,
      compression: last ? compression : 1 - (1 - compression) ** ((i + 1) / rounds),
      from: last && reinit ? 'reinitialised' : 'rewound',
    };
  });
  return [first, ...later];
}

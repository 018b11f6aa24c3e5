import type { Split } from '../types.ts';
import { inlineBatches } from './inline.ts';
import { type Batch, type BatchOptions, planBatches } from './plan.ts';

/** The batches of one epoch. */
export interface Batches extends AsyncIterable<Batch> {
  /** Batches of the whole epoch, those before `startBatch` included. */
  readonly length: number;
  /** Stops every iteration under way and its workers. */
  close(): Promise<void>;
}

/**
 * Gives a split batch by batch, augmented and normalised.
 *
 * @param split images and labels
 * @param options batch size, seed, epoch, augmentation
 * @returns an async iterable; the same seed and epoch give the same batches, whatever the number of workers
 * @throws DatasetError `bad-option` for an option that makes no sense
 */
export function batches(split: Split, options: BatchOptions): Batches {
  const plan = planBatches(split, options);
  return {
    length: plan.length,
    close: async () => {},
    [Symbol.asyncIterator]: () => inlineBatches(plan),
  };
}

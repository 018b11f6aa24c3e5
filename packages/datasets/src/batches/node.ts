import { workerScript } from '../locations.ts';
import type { Split } from '../types.ts';
import { type Batches, iterate, type Prepare } from './iterate.ts';
import type { BatchOptions } from './plan.ts';
import { workerBatches } from './workers.ts';

/**
 * Gives a split batch by batch, shuffled, augmented and normalised.
 *
 * Order and pixels depend on seed, epoch and each image's index alone: any number of workers, and an epoch taken up
 * again at `startBatch`, give the same batches.
 *
 * @param split images and labels
 * @param options batch size, seed, epoch, augmentation, workers
 * @returns an async iterable of batches; breaking out of the loop stops its workers
 * @throws DatasetError `bad-option` for an option that makes no sense; the iteration rejects with `worker` when a
 *   worker fails
 * @example
 * const split = { images: new Uint8Array(4), labels: Uint8Array.of(0, 1, 2, 3), length: 4 };
 * for await (const { labels } of batches(split, { shape: [1, 1, 1], batchSize: 2, shuffle: false })) {
 *   console.log(labels.join()); // '0,1' then '2,3'
 * }
 */
export function batches(split: Split, options: BatchOptions): Batches {
  const script = workerScript();
  const withWorkers: Prepare | null =
    script && ((plan, signal) => workerBatches(plan, signal, script));
  return iterate(split, options, withWorkers);
}

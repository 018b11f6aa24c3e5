import type { Split } from '../types.ts';
import { inlineBatches } from './inline.ts';
import { type Batch, type BatchOptions, type Plan, planBatches } from './plan.ts';

/** The batches of one epoch; every `for await` over it gives them from `startBatch` on. */
export interface Batches extends AsyncIterable<Batch> {
  /** Batches of the whole epoch, those before `startBatch` included. */
  readonly length: number;
  /** Threads that prepare them: 0 when they are prepared on the calling thread. */
  readonly workers: number;
  /** Stops every iteration under way and its workers; afterwards there are no more batches. */
  close(): Promise<void>;
}

/** A way to prepare a plan's batches; it ends early, and cleans up, when the signal aborts. */
export type Prepare = (plan: Plan, signal: AbortSignal) => AsyncGenerator<Batch, void, undefined>;

/** `batches` over a way to use workers, or none where there are no workers. */
export function iterate(split: Split, options: BatchOptions, withWorkers: Prepare | null): Batches {
  const plan = planBatches(split, options);
  const workers = withWorkers === null ? 0 : plan.workers;
  const prepare = withWorkers !== null && workers > 0 ? withWorkers : inlineBatches;
  const stop = new AbortController();
  const running = new Set<AsyncGenerator<Batch, void, undefined>>();
  return {
    length: plan.length,
    workers,
    async close() {
      stop.abort();
      await Promise.all([...running].map((iteration) => iteration.return()));
      running.clear();
    },
    [Symbol.asyncIterator]() {
      const iteration = prepare(plan, stop.signal);
      running.add(iteration);
      return iteration;
    },
  };
}

import { Worker } from 'node:worker_threads';
import { DatasetError } from '../errors.ts';
import type { WorkerReply, WorkerSetup, WorkerTask } from './messages.ts';
import { type Batch, emptyBatch, type Plan } from './plan.ts';

/**
 * Prepares batches on worker threads, a fixed number ahead, in a ring of shared memory.
 *
 * Batch b is worker b mod W's and lies in slot b mod S, so nothing depends on which thread is faster; tasks wait in
 * the workers' own queues, so they go on while the calling thread is busy with a training step.
 */
export async function* workerBatches(
  plan: Plan,
  signal: AbortSignal,
  script: URL,
): AsyncGenerator<Batch, void, undefined> {
  const { shape, batchSize, startBatch, length } = plan;
  const slotBytes = 4 * batchSize * shape[0] * shape[1] * shape[2];
  const slots = Math.min(Math.max(plan.prefetch, 1), Math.max(length - startBatch, 1));
  const ring = new SharedArrayBuffer(slots * slotBytes);
  const crew = hire(plan, signal, script, ring, slotBytes);
  const prepared: (Batch | undefined)[] = [];
  const order = (b: number): void => {
    if (b >= length) return;
    const batch = emptyBatch(plan, b);
    prepared[b] = batch;
    crew.post({ batch: b, slot: b % slots, indices: batch.indices });
  };
  try {
    for (let b = startBatch; b < startBatch + slots; b++) order(b);
    for (let b = startBatch; b < length; b++) {
      await crew.ready(b);
      if (signal.aborted) return;
      const batch = prepared[b]!;
      delete prepared[b];
      batch.images.set(new Float32Array(ring, (b % slots) * slotBytes, batch.images.length));
      order(b + slots);
      yield batch;
    }
  } finally {
    await crew.dismiss();
  }
}

interface Crew {
  post(task: WorkerTask): void;
  /** Resolves when the batch is in its slot, or nothing more is wanted; rejects when a worker fails. */
  ready(batch: number): Promise<void>;
  dismiss(): Promise<void>;
}

function hire(
  plan: Plan,
  signal: AbortSignal,
  script: URL,
  ring: SharedArrayBuffer,
  slotBytes: number,
): Crew {
  const { shape, seed, epoch, augment, normalize } = plan;
  const options = { shape, seed, epoch, augment, normalize };
  const setup: WorkerSetup = { options, images: shared(plan.split.images), ring, slotBytes };
  const done = new Set<number>();
  let failure: DatasetError | null = null;
  let wake = (): void => {};
  const stop = (): void => wake();
  signal.addEventListener('abort', stop);
  const fail = (where: string, cause: unknown): void => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `batches: expected ${where} to be prepared, but its worker failed: ${reason}`;
    failure ??= new DatasetError('worker', message, {}, { cause });
    wake();
  };
  const workers = Array.from({ length: plan.workers }, () => {
    // Not this process' own flags: loaders and conditions meant for its sources do not fit a built script.
    const worker = new Worker(script, { workerData: setup, execArgv: [] });
    worker.on('message', ({ batch, error }: WorkerReply) => {
      if (error !== undefined) fail(`batch ${batch}`, error);
      done.add(batch);
      wake();
    });
    worker.on('error', (error) => fail('every batch', error));
    worker.on('exit', (code) => fail('every batch', `it exited with status ${code}`));
    // An iteration left standing must not keep the process alive; one that waits must.
    worker.unref();
    return worker;
  });
  return {
    post: (task) => workers[task.batch % workers.length]!.postMessage(task),
    async ready(batch) {
      for (const worker of workers) worker.ref();
      while (!done.has(batch) && failure === null && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      for (const worker of workers) worker.unref();
      if (failure !== null) throw failure;
      done.delete(batch);
    },
    async dismiss() {
      signal.removeEventListener('abort', stop);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

const copies = new WeakMap<Uint8Array, Uint8Array>();

/** The images in shared memory: themselves when loaded by this package, else a copy made once. */
function shared(images: Uint8Array): Uint8Array {
  if (images.buffer instanceof SharedArrayBuffer) return images;
  let copy = copies.get(images);
  if (copy === undefined) {
    copy = new Uint8Array(new SharedArrayBuffer(images.length));
    copy.set(images);
    copies.set(images, copy);
  }
  return copy;
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import type { Output } from '../../cli/output.ts';
import { watchSignals } from '../../train/signals.ts';
import type { RunChild } from '../child.ts';
import { describeRow, machineShare } from '../local.ts';
import { takeLock } from '../lock.ts';
import { runToEnd } from '../pool.ts';
import { rowOf } from '../row.ts';
import {
  connectionOf,
  loadBullmq,
  queueName,
  type RunAnswer,
  type RunJob,
  waitForServer,
} from './connect.ts';

/** How a worker works. */
export interface WorkOptions {
  url: string;
  /** Folder of its runs; it alone works there. */
  out: string;
  /** Runs at a time. */
  jobs: number;
  data?: string | undefined;
  /** Seconds after which a run of a worker that says nothing goes to another. */
  patience: number;
}

// A run that takes its worker down each time would otherwise go round for ever.
const mostDeliveries = 3;
const progressEveryMs = 500;

/** Runs one job in a process of its own; gives it back to the queue when it was stopped. */
async function answer(
  job: Job<RunJob, RunAnswer>,
  options: WorkOptions,
  giveBack: () => Promise<never>,
  children: Set<RunChild>,
): Promise<RunAnswer> {
  const { run } = job.data;
  let last = 0;
  let child: RunChild | undefined;
  const end = await runToEnd(
    run,
    {
      machine: machineShare(options.jobs, options.data),
      folder: (id) => join(options.out, 'runs', id),
      onProgress: (_, share) => {
        const now = performance.now();
        if (now - last < progressEveryMs) return;
        last = now;
        // A job that was given to another meanwhile takes no progress.
        job.updateProgress(share).catch(() => undefined);
      },
    },
    (started) => {
      if (child) children.delete(child);
      child = started;
      children.add(started);
    },
  );
  if (child) children.delete(child);
  if (!end) return giveBack();
  return end;
}

/**
 * Takes runs from a queue until it is stopped.
 *
 * @throws InterruptedError after a signal, when runs under way are saved and given back
 */
export async function work(options: WorkOptions, output: Output): Promise<never> {
  const connection = connectionOf(options.url);
  const { WaitingError, Worker } = await loadBullmq();
  await mkdir(options.out, { recursive: true });
  const release = takeLock(join(options.out, 'work.lock'), 'work');
  const signals = watchSignals('Stopped; what was under way is saved here and back in the queue.');
  const children = new Set<RunChild>();
  const patienceMs = 1000 * options.patience;
  const worker: Worker<RunJob, RunAnswer> = new Worker<RunJob, RunAnswer>(
    queueName,
    (job, token) =>
      answer(
        job,
        options,
        async () => {
          await job.moveToWait(token);
          throw new WaitingError();
        },
        children,
      ),
    {
      connection,
      autorun: false,
      concurrency: options.jobs,
      lockDuration: patienceMs,
      stalledInterval: patienceMs,
      maxStalledCount: mostDeliveries,
    },
  );
  worker.on('error', () => undefined);
  worker.on('completed', ({ data }, { outcome, attempts }) =>
    output.note(describeRow(rowOf(data.sweep, data.run, outcome, attempts))),
  );
  try {
    await waitForServer(worker.waitUntilReady(), options.url);
    output.note(`Waiting for runs, ${options.jobs} at a time; Ctrl-C to stop.`);
    void worker.run();
    while (!signals.signal) await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = worker.close();
    for (const child of children) child.stop();
    await closing;
    signals.check();
    throw new Error('work: a signal was seen and lost');
  } finally {
    signals.stop();
    release();
    await worker.close(true).catch(() => undefined);
  }
}

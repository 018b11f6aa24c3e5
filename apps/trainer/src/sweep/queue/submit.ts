import { mkdir } from 'node:fs/promises';
import type { Job, Queue } from 'bullmq';
import type { Output } from '../../cli/output.ts';
import { watchSignals } from '../../train/signals.ts';
import { identity, type SweepRun } from '../expand.ts';
import type { SweepFile } from '../file.ts';
import { sweepPaths } from '../folder.ts';
import { collectEnded, describeRow, pendingRuns, type SweepSummary, summarize } from '../local.ts';
import { takeLock } from '../lock.ts';
import { createSweepProgress } from '../progress.ts';
import { openResults } from '../results.ts';
import { rowOf } from '../row.ts';
import {
  connectionOf,
  jobId,
  loadBullmq,
  queueName,
  type RunAnswer,
  type RunJob,
  waitForServer,
} from './connect.ts';

type RunQueue = Queue<RunJob, RunAnswer, string>;

const pollMs = 500;

/** The answer to a run, once there is one; asks for the run when the queue does not know it (any more). */
async function lookAfter(
  queue: RunQueue,
  sweep: string,
  run: SweepRun,
  onShare: (share: number) => void,
): Promise<{ job: Job<RunJob, RunAnswer>; answer: RunAnswer } | undefined> {
  const id = jobId(sweep, run.id);
  const job = (await queue.getJob(id)) as Job<RunJob, RunAnswer> | undefined;
  if (job === undefined) {
    // Paths and threads are each machine's own.
    const config = identity(run.config) as SweepRun['config'];
    await queue.add('run', { sweep, run: { ...run, config } }, { jobId: id });
    return undefined;
  }
  if (job.finishedOn !== undefined) {
    if (job.returnvalue) return { job, answer: job.returnvalue };
    const outcome = { error: `Workers gave it up (${job.failedReason ?? 'no reason given'}).` };
    return { job, answer: { outcome, attempts: job.attemptsStarted ?? job.attemptsMade } };
  }
  if (typeof job.progress === 'number' && job.progress > 0) onShare(job.progress);
  return undefined;
}

/**
 * Has workers on any machine do what is left of a sweep, and writes down their answers.
 *
 * The results file decides what is done: the queue may deliver a run twice or forget it, and it is counted once.
 *
 * @throws InterruptedError after a signal; the queue keeps its runs
 */
export async function runQueued(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  options: { url: string; retryFailed: boolean; origin: string },
  output: Output,
): Promise<SweepSummary> {
  const connection = connectionOf(options.url);
  const { Queue } = await loadBullmq();
  const paths = sweepPaths(sweep.out);
  await mkdir(paths.root, { recursive: true });
  const release = takeLock(paths.lock, 'sweep');
  const again = `pleat sweep ${options.origin} --queue ${options.url}`;
  const signals = watchSignals(`Stopped; workers go on. Gather their results with: ${again}`);
  const results = openResults(paths.results);
  const queue: RunQueue = new Queue(queueName, { connection });
  // It reconnects by itself; what it says on the way helps nobody.
  queue.on('error', () => undefined);
  try {
    await waitForServer(queue.waitUntilReady(), options.url);
    await collectEnded(sweep, runs, paths, results);
    let pending = pendingRuns(runs, results, options.retryFailed);
    const before = runs.length - pending.length;
    output.note(`${sweep.name}: ${runs.length} runs, ${before} of them done; waiting for workers`);
    const progress = createSweepProgress({ total: runs.length, before });
    try {
      while (pending.length > 0) {
        const left: SweepRun[] = [];
        for (const run of pending) {
          signals.check();
          const found = await lookAfter(queue, sweep.name, run, (share) =>
            progress.share(run.id, share),
          );
          if (!found) {
            left.push(run);
            continue;
          }
          const row = rowOf(sweep.name, run, found.answer.outcome, found.answer.attempts);
          results.add(row);
          progress.end(run.id, describeRow(row));
          // Only now: a job is kept until its answer is on the disk. One at work again is its worker's to end.
          await found.job.remove().catch(() => undefined);
        }
        pending = left;
        if (pending.length > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    } finally {
      progress.stop();
    }
    return summarize(sweep, runs, paths, results);
  } finally {
    signals.stop();
    results.close();
    release();
    queue.disconnect().catch(() => undefined);
  }
}

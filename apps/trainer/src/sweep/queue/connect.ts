import type { ConnectionOptions } from 'bullmq';
import { CliError, errorSentence, UsageError } from '../../cli/errors.ts';
import type { SweepRun } from '../expand.ts';
import type { Outcome } from '../row.ts';

/** All sweeps share one queue, so that a worker serves any of them. */
export const queueName = 'pleat-runs';

/** What a job asks of a worker. */
export interface RunJob {
  sweep: string;
  run: SweepRun;
}

/** What a worker answers. */
export interface RunAnswer {
  outcome: Outcome;
  attempts: number;
}

/** The name of a run's job: asking for it twice asks for it once. */
export function jobId(sweep: string, id: string): string {
  return `${sweep}-${id}`;
}

/**
 * BullMQ, which only queues need.
 *
 * @throws UsageError when it is not installed
 */
export async function loadBullmq(): Promise<typeof import('bullmq')> {
  try {
    await import('ioredis');
    return await import('bullmq');
  } catch {
    throw new UsageError(
      '--queue needs bullmq and ioredis; npm install bullmq ioredis where you run pleat.',
    );
  }
}

const connectWithinMs = 10_000;

/**
 * How to reach the Redis server at a URL; commands wait while it is away.
 *
 * @throws UsageError for a URL of another kind
 */
export function connectionOf(url: string): ConnectionOptions {
  if (!/^rediss?:\/\/./.test(url)) {
    throw new UsageError(`--queue takes a URL such as redis://host:6379, found "${url}".`);
  }
  return { url, maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(times * 200, 5000) };
}

/**
 * Waits for the server once, at the start.
 *
 * @throws CliError when it does not answer
 */
export async function waitForServer(ready: Promise<unknown>, url: string): Promise<void> {
  const shown = url.replace(/\/\/[^@/]*@/, '//');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${connectWithinMs / 1000} s`)),
      connectWithinMs,
    );
  });
  try {
    await Promise.race([ready, late]);
  } catch (error) {
    throw new CliError(
      `The Redis server at ${shown} cannot be used: ${errorSentence(error).replace(/\.$/, '')}; check the URL and that it runs.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

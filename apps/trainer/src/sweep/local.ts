import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Output } from '../cli/output.ts';
import { formatDuration } from '../cli/progress.ts';
import { formatBytes, formatShare } from '../report/format.ts';
import { watchSignals } from '../train/signals.ts';
import type { MachineOptions } from './child.ts';
import type { SweepRun } from './expand.ts';
import type { SweepFile } from './file.ts';
import { finishedSummary, type SweepPaths, sweepPaths } from './folder.ts';
import { takeLock } from './lock.ts';
import { startPool } from './pool.ts';
import { createSweepProgress } from './progress.ts';
import { openResults, type ResultsFile } from './results.ts';
import { type ResultRow, rowOf, taskRow } from './row.ts';

/** How a sweep ended. */
export interface SweepSummary {
  sweep: string;
  results: string;
  runs: number;
  finished: number;
  failed: number;
  /** Not ended yet. */
  left: number;
}

/** One line on a run that ended. */
export function describeRow({ label, config, result, error }: ResultRow): string {
  const name = `${label}, seed ${config.seed}`;
  if (!result) return `${name}: failed: ${error}`;
  const { test, validation, fileBytes, seconds } = result;
  const accuracy = test === null ? '' : `test ${formatShare(test)}, `;
  const held = validation === null ? '' : `validation ${formatShare(validation)}, `;
  return `${name}: ${accuracy}${held}${formatBytes(fileBytes)}, ${formatDuration(seconds)}`;
}

/** Runs without a finished result; those that failed only when they are to be tried again. */
export function pendingRuns(
  runs: readonly SweepRun[],
  { rows }: ResultsFile,
  retryFailed: boolean,
): SweepRun[] {
  return runs.filter(({ id }) => {
    const row = rows.get(id);
    return row === undefined || (retryFailed && row.status === 'failed');
  });
}

/** The row of a run that ended in its folder, whoever waited for it. */
async function endedRow(sweep: SweepFile, run: SweepRun, folder: string) {
  const task = join(folder, taskRow);
  if (existsSync(task)) return JSON.parse(await readFile(task, 'utf8')) as ResultRow;
  const summary = await finishedSummary(folder);
  return summary && rowOf(sweep.name, run, { summary }, 1);
}

/** Enters runs that ended without being entered: the process that waited for them was killed, or ran elsewhere. */
export async function collectEnded(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  paths: SweepPaths,
  results: ResultsFile,
): Promise<void> {
  for (const run of runs) {
    const known = results.rows.get(run.id);
    if (known?.status === 'finished') continue;
    const row = await endedRow(sweep, run, paths.run(run.id));
    if (row && (known === undefined || row.status === 'finished')) results.add(row);
  }
}

/** Counts the rows of a sweep's runs. */
export function summarize(
  { name }: SweepFile,
  runs: readonly SweepRun[],
  paths: SweepPaths,
  { rows }: ResultsFile,
): SweepSummary {
  const status = runs.map(({ id }) => rows.get(id)?.status);
  const count = (wanted?: string) => status.filter((found) => found === wanted).length;
  return {
    sweep: name,
    results: paths.results,
    runs: runs.length,
    finished: count('finished'),
    failed: count('failed'),
    left: count(),
  };
}

/** Processes at a time when nothing is said: two threads each. */
export function defaultJobs(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/**
 * What each of `jobs` processes gets of this machine. `OMP_PROC_BIND=true`, which is good for one process, would bind the first
 * thread of each to the same core.
 */
export function machineShare(jobs: number, data: string | undefined): MachineOptions {
  const threads = Math.max(1, Math.floor(availableParallelism() / jobs));
  const environment = jobs > 1 ? { OMP_PROC_BIND: 'false' } : {};
  return { threads, environment, ...(data !== undefined && { data }) };
}

/**
 * Runs what is left of a sweep in processes of this machine.
 *
 * @throws InterruptedError after a signal, when all runs are saved
 * @throws CliError while another process works on the sweep
 */
export async function runLocally(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  options: {
    /** Processes at a time; 0 gathers what ended elsewhere and starts none. */
    jobs: number;
    data?: string | undefined;
    /** After so many minutes the runs under way are saved and no more are started. */
    minutes?: number | undefined;
    retryFailed: boolean;
    origin: string;
  },
  output: Output,
): Promise<SweepSummary> {
  const paths = sweepPaths(sweep.out);
  await mkdir(paths.root, { recursive: true });
  const release = takeLock(paths.lock, 'sweep');
  const signals = watchSignals(`Stopped; go on with: pleat sweep ${options.origin}`);
  const results = openResults(paths.results);
  try {
    await collectEnded(sweep, runs, paths, results);
    const pending = pendingRuns(runs, results, options.retryFailed);
    const before = runs.length - pending.length;
    if (options.jobs === 0) return summarize(sweep, runs, paths, results);
    output.note(
      `${sweep.name}: ${runs.length} runs, ${before} of them done; ${options.jobs} at a time`,
    );
    const progress = createSweepProgress({ total: runs.length, before });
    const pool = startPool(pending, {
      jobs: options.jobs,
      machine: machineShare(options.jobs, options.data),
      folder: paths.run,
      onProgress: progress.share,
      onEnd: (run, outcome, attempts) => {
        const row = rowOf(sweep.name, run, outcome, attempts);
        results.add(row);
        progress.end(run.id, describeRow(row));
      },
    });
    const watch = setInterval(() => signals.signal && pool.stop(), 50);
    const limit =
      options.minutes === undefined ? undefined : setTimeout(pool.stop, options.minutes * 60_000);
    try {
      await pool.done;
    } finally {
      clearInterval(watch);
      clearTimeout(limit);
      progress.stop();
    }
    signals.check();
    return summarize(sweep, runs, paths, results);
  } finally {
    signals.stop();
    results.close();
    release();
  }
}

import { type MachineOptions, type RunChild, startChild } from './child.ts';
import type { SweepRun } from './expand.ts';
import type { Outcome } from './row.ts';

/** Where a pool works and whom it tells. */
export interface PoolOptions {
  /** Processes at a time. */
  jobs: number;
  machine: MachineOptions;
  /** Folder of a run. */
  folder: (id: string) => string;
  onProgress: (id: string, share: number) => void;
  /** A run ended; `attempts` processes worked on it. */
  onEnd: (run: SweepRun, outcome: Outcome, attempts: number) => void;
}

/** Runs at work in processes of this machine. */
export interface Pool {
  /** Asks all to save and stop, and starts no more. */
  stop(): void;
  /** Resolves when nothing is left to do, or all have stopped. */
  done: Promise<void>;
}

// A process that dies without a word was killed, most often for memory: its checkpoint goes on, but not forever.
const mostAttempts = 3;

/** One run to its end, in as many processes as it takes; undefined when it was stopped. */
export async function runToEnd(
  run: SweepRun,
  { machine, folder, onProgress }: Pick<PoolOptions, 'machine' | 'folder' | 'onProgress'>,
  onStart: (child: RunChild) => void,
): Promise<{ outcome: Outcome; attempts: number } | undefined> {
  onProgress(run.id, 0);
  for (let attempts = 1; ; attempts++) {
    const child = await startChild(run.config, folder(run.id), machine, (done, total) =>
      onProgress(run.id, done / total),
    );
    onStart(child);
    const end = await child.ended;
    if ('stopped' in end) return undefined;
    if (!('died' in end)) return { outcome: end, attempts };
    if (attempts === mostAttempts) {
      return { outcome: { error: `${attempts} processes died of it (${end.died}).` }, attempts };
    }
  }
}

/** Starts working through the runs, some at a time, in order. */
export function startPool(runs: readonly SweepRun[], options: PoolOptions): Pool {
  const waiting = [...runs];
  const children = new Map<string, RunChild>();
  let stopped = false;
  const worker = async () => {
    for (let run = waiting.shift(); run && !stopped; run = waiting.shift()) {
      const { id } = run;
      const end = await runToEnd(run, options, (child) => {
        children.set(id, child);
        if (stopped) child.stop();
      });
      children.delete(id);
      if (end) options.onEnd(run, end.outcome, end.attempts);
    }
  };
  return {
    stop: () => {
      stopped = true;
      for (const child of children.values()) child.stop();
    },
    done: Promise.all(Array.from({ length: options.jobs }, worker)).then(() => undefined),
  };
}

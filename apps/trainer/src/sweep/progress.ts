import { createBar, formatDuration } from '../cli/progress.ts';

/** How far a sweep is: whole runs, and parts of those under way. */
export interface SweepProgress {
  /** A run is this share done. */
  share(id: string, share: number): void;
  /** A run ended; the line stays. */
  end(id: string, line: string): void;
  stop(): void;
}

const plainEveryMs = 15_000;

/** Time left at the pace since the start, in runs a second; runs differ, so it is an estimate. */
function timeLeft(done: number, total: number, seconds: number): string {
  if (done <= 0) return 'time left unknown';
  return `about ${formatDuration((seconds * (total - done)) / done)} left`;
}

/**
 * A bar over all runs on a terminal; elsewhere a plain line every 15 seconds.
 *
 * @param total runs of the sweep
 * @param before runs that were finished before
 */
export function createSweepProgress(
  { total, before }: { total: number; before: number },
  stream: NodeJS.WriteStream = process.stderr,
): SweepProgress {
  const began = performance.now();
  const shares = new Map<string, number>();
  let ended = 0;
  let last = began;
  const state = () => {
    const parts = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const seconds = (performance.now() - began) / 1000;
    const left = timeLeft(ended + parts, total - before, seconds);
    return { done: before + ended, exact: before + ended + parts, left, running: shares.size };
  };
  const bar = stream.isTTY
    ? createBar(stream, '{bar} {percentage} % | {runs} | {left}')
    : undefined;
  const draw = () => {
    const { done, exact, left, running } = state();
    const runs = `${done} of ${total} runs, ${running} under way`;
    if (bar) return bar.update(Math.round(1000 * exact), { runs, left });
    const now = performance.now();
    if (now - last < plainEveryMs) return;
    last = now;
    stream.write(`${runs}, ${left}\n`);
  };
  bar?.start(1000 * total, 1000 * before, { runs: `${before} of ${total} runs`, left: '' });
  return {
    share: (id, share) => {
      shares.set(id, share);
      draw();
    },
    end: (id, line) => {
      shares.delete(id);
      ended++;
      const text = `[${before + ended}/${total}] ${line}`;
      stream.write(bar ? `\r\u001b[2K${text}\n` : `${text}\n`);
      draw();
    },
    stop: () => bar?.stop(),
  };
}

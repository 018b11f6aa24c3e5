import type { Progress } from './progress.ts';

/** What a process with a parent tells it, over the channel that the parent opened. */
export interface ProgressMessage {
  kind: 'progress';
  done: number;
  total: number;
}

const everyMs = 200;

/**
 * Sends progress to the parent process, and ends this one when the parent is gone: nobody else would stop it.
 *
 * @returns undefined when no parent opened a channel
 */
export function progressToParent():
  | ((steps: { total: number; start: number }) => Progress)
  | undefined {
  const { send } = process;
  if (send === undefined) return undefined;
  if (!process.connected) process.exit(1);
  process.on('disconnect', () => process.exit(1));
  return ({ total, start }) => {
    let last = 0;
    const tell = (done: number) => {
      const message: ProgressMessage = { kind: 'progress', done, total };
      if (process.connected) send.call(process, message);
    };
    tell(start);
    return {
      update: (done) => {
        const now = performance.now();
        if (now - last < everyMs) return;
        last = now;
        tell(done);
      },
      line: (text) => void process.stderr.write(`${text}\n`),
      stop: () => undefined,
    };
  };
}

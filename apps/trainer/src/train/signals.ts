import { constants } from 'node:os';
import { InterruptedError } from '../cli/errors.ts';

/** Watches for Ctrl-C and a polite kill, so that a run can save itself first. */
export interface SignalWatch {
  /** The signal that came, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Throws when a signal came. @throws InterruptedError */
  check(): void;
  stop(): void;
}

/**
 * Starts watching. The first signal is remembered; a second one ends the process at once.
 *
 * @param message what to say when the run stops, or what tells it then
 */
export function watchSignals(message: string | (() => string)): SignalWatch {
  let seen: NodeJS.Signals | null = null;
  const handler = (signal: NodeJS.Signals) => {
    if (seen) {
      // The progress bar hid the cursor.
      if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\n');
      process.exit(128 + constants.signals[signal]);
    }
    seen = signal;
  };
  process.on('SIGINT', handler).on('SIGTERM', handler);
  return {
    get signal() {
      return seen;
    },
    check: () => {
      if (seen) throw new InterruptedError(typeof message === 'string' ? message : message(), seen);
    },
    stop: () => void process.off('SIGINT', handler).off('SIGTERM', handler),
  };
}

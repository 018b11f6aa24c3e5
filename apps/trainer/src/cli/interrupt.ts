import { InterruptedError } from './errors.ts';

/**
 * Runs something that an abort signal stops, and aborts it at the first Ctrl-C or polite kill.
 *
 * @param message what to say when it was stopped
 * @throws InterruptedError when it was
 */
export async function withInterrupt<T>(
  message: string,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let seen: NodeJS.Signals | undefined;
  const handler = (signal: NodeJS.Signals) => {
    seen = signal;
    controller.abort();
  };
  process.on('SIGINT', handler).on('SIGTERM', handler);
  try {
    return await body(controller.signal);
  } catch (error) {
    if (seen) throw new InterruptedError(message, seen);
    throw error;
  } finally {
    process.off('SIGINT', handler).off('SIGTERM', handler);
  }
}

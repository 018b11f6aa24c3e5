import { spawn } from 'node:child_process';

/** What a finished program printed. */
export interface Outcome {
  code: number | null;
  output: string;
}

/**
 * Runs a program to its end and collects what it prints on both streams.
 *
 * @throws the signal's reason when it is aborted, and the system's error when the program cannot be started
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: {
    signal?: AbortSignal | undefined;
    env?: NodeJS.ProcessEnv;
    onText?: (text: string) => void;
  },
): Promise<Outcome> {
  const { signal, env = process.env, onText } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        onText?.(text);
      });
    }
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
      if (child.pid === undefined) reject(error);
    });
    // An aborted program still has to end before its files can be removed.
    child.on('close', (code) => {
      if (signal?.aborted) reject(signal.reason);
      else if (failure) reject(failure);
      else resolve({ code, output });
    });
  });
}

import { spawn } from 'node:child_process';

/**
 * Runs a program to its end; the lines it prints go to `onLine`.
 *
 * @throws Error with its last line when it fails, the signal's reason when it is aborted
 */
export function runProgram(
  command: string,
  args: readonly string[],
  {
    cwd,
    signal,
    onLine,
  }: {
    cwd?: string;
    signal?: AbortSignal | undefined;
    onLine?: ((line: string) => void) | undefined;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let last = '';
    let failure: NodeJS.ErrnoException | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split(/[\r\n]+/)) {
          if (line.trim() === '') continue;
          // A compiler's last line counts errors; the first one says what is wrong.
          if (!/error/i.test(last) || /error/i.test(line)) last = line.trim();
          onLine?.(line.trimEnd());
        }
      });
    }
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (code) => {
      if (signal?.aborted) reject(signal.reason);
      else if (failure?.code === 'ENOENT')
        reject(new Error(`there is no program ${command}`, { cause: failure }));
      else if (failure) reject(failure);
      else if (code === 0) resolve();
      else reject(new Error(last || `${command} ended with status ${code}`));
    });
  });
}

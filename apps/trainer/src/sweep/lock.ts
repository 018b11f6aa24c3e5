import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CliError } from '../cli/errors.ts';

/** The command line of a process on this machine, or undefined when it has ended. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // Not Linux, or ended.
  }
  if (process.platform === 'linux') return undefined;
  const { stdout, status } = spawnSync('ps', ['-p', String(pid), '-o', 'args='], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout : undefined;
}

/** Whether a process of this number runs and has the words in its command line: numbers are given again. */
export function isRunning(pid: number, words: string): boolean {
  return commandOf(pid)?.includes(words) ?? false;
}

interface Holder {
  pid: number;
  host: string;
}

function holderOf(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Makes sure that one process alone works on a folder, and takes over from one that was killed.
 *
 * @param path the lock file
 * @param words what the command line of a holder has in it
 * @returns gives it back
 * @throws CliError while another process holds it
 */
export function takeLock(path: string, words: string): () => void {
  const own = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, own, { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(path);
    if (holder && holder.host !== hostname()) {
      throw new CliError(
        `Process ${holder.pid} on ${holder.host} works on this sweep; wait for it, or remove ${path} when it has ended.`,
      );
    }
    if (holder && holder.pid !== process.pid && isRunning(holder.pid, words)) {
      throw new CliError(
        `Process ${holder.pid} works on this sweep already; wait for it, or stop it.`,
      );
    }
    rmSync(path, { force: true });
  }
  throw new CliError(`${path} cannot be taken; another process took it at the same moment.`);
}

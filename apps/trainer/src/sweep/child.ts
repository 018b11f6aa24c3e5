import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../cli/errors.ts';
import type { ProgressMessage } from '../cli/parent.ts';
import { runPaths, writeJson } from '../run/folder.ts';
import { finishedSummary } from './folder.ts';
import { isRunning } from './lock.ts';
import type { Outcome } from './row.ts';

/** How a process that worked on a run ended: with an outcome, asked to stop, or dead of something else. */
type ChildEnd = Outcome | { stopped: true } | { died: string };

/** A run in a process of its own. */
export interface RunChild {
  /** Asks it to save and stop. */
  stop(): void;
  ended: Promise<ChildEnd>;
}

/** Options of one process that only this machine decides. */
export interface MachineOptions {
  threads: number;
  data?: string;
  /** Variables that differ from this process' own. */
  environment: Record<string, string>;
}

/** Ends what an earlier sweep, killed itself, left behind in this folder. */
async function endOrphan(pidFile: string, folder: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
  } catch {
    return;
  }
  if (isRunning(pid, folder)) process.kill(pid, 'SIGKILL');
  while (isRunning(pid, folder)) await new Promise((resolve) => setTimeout(resolve, 20));
  rmSync(pidFile, { force: true });
}

function messageOf(stdout: string): string | undefined {
  try {
    return JSON.parse(stdout).error?.message;
  } catch {
    return undefined;
  }
}

async function endOf(
  child: ChildProcess,
  folder: string,
  stopping: () => boolean,
): Promise<ChildEnd> {
  let stdout = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  const { code, signal, problem } = await new Promise<{
    code: number | null;
    signal: string | null;
    problem?: Error;
  }>((resolve) => {
    child.on('error', (problem) => resolve({ code: null, signal: null, problem }));
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const summary = await finishedSummary(folder);
  if (summary) return { summary };
  if (stopping()) return { stopped: true };
  const asked = code === exitCodes.interrupted || code === exitCodes.terminated;
  const error = messageOf(stdout);
  // A sentence was printed, and not that of a signal: trying again would give the same one.
  if (error !== undefined && !asked) return { error };
  return { died: problem?.message ?? (signal ? `signal ${signal}` : `exit status ${code}`) };
}

/**
 * Starts or goes on with a run, in a process that ends with this one; its words go to `log.txt` in the folder.
 *
 * @param config all options of the run, without `out`
 * @param onProgress steps done and in all
 */
export async function startChild(
  config: Record<string, unknown>,
  folder: string,
  machine: MachineOptions,
  onProgress: (done: number, total: number) => void,
): Promise<RunChild> {
  mkdirSync(folder, { recursive: true });
  const pidFile = join(folder, 'pid');
  await endOrphan(pidFile, folder);
  const asked = join(folder, 'asked.json');
  await writeJson(asked, config);
  const log = openSync(join(folder, 'log.txt'), 'a');
  const args = ['train', '--config', asked, '--resume', '--json', '--out', folder];
  // Some engines split their sums by thread: what was begun goes on with as many.
  if (!existsSync(runPaths(folder).config)) args.push('--threads', String(machine.threads));
  if (machine.data !== undefined) args.push('--data', machine.data);
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    stdio: ['ignore', 'pipe', log, 'ipc'],
    env: { ...process.env, ...machine.environment },
    // A group of its own: Ctrl-C in the terminal reaches this process alone, which then stops its children once.
    detached: true,
  });
  closeSync(log);
  if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
  child.on('message', ({ done, total }: ProgressMessage) => onProgress(done, total));
  let stopping = false;
  const ended = endOf(child, folder, () => stopping).finally(() =>
    rmSync(pidFile, { force: true }),
  );
  return {
    stop: () => {
      stopping = true;
      child.kill('SIGINT');
    },
    ended,
  };
}

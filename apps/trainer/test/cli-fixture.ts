import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chooseTorch } from '@pleat/backend-torch';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** The built command is what is tested; `pnpm --filter pleat build` makes it. */
export const built: boolean = existsSync(cli);

/** Whether this machine has a libtorch; what needs one is skipped elsewhere. */
export const torchFound: boolean = await chooseTorch().then(
  () => true,
  () => false,
);

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  done: Promise<Finished>;
  /** Resolves when standard error holds the text. */
  said(text: string): Promise<void>;
}

/** Starts the built command in a process of its own. */
export function start(
  args: readonly string[],
  cwd?: string,
  env: NodeJS.ProcessEnv = process.env,
): Running {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const done = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const said = async (text: string) => {
    while (!stderr.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without saying "${text}": ${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, done, said };
}

/** Runs the built command to its end. */
export function run(
  args: readonly string[],
  cwd?: string,
  env?: NodeJS.ProcessEnv,
): Promise<Finished> {
  return start(args, cwd, env).done;
}

/** The environment of a machine without libtorch and tfjs-node, whatever this one has. */
export const withoutTorch: NodeJS.ProcessEnv = {
  ...process.env,
  PLEAT_TENSORFLOW: '',
  PLEAT_CACHE: '',
  PLEAT_TORCH: '',
  TORCH_LIB: '',
  PLEAT_PYTHON: '/nonexistent/python',
  XDG_CACHE_HOME: '/nonexistent/cache',
};

/** `pleat train` on few images with a small ConvMixer. */
export const tinyTrain = (out: string, ...more: string[]): string[] => [
  'train',
  '--out',
  out,
  ...['--dim', '8', '--depth', '1', '--patch-size', '7', '--kernel-size', '3'],
  ...['--limit', '320', '--validation', '100', '--batch', '32', '--log-every', '1'],
  ...['--checkpoint-every', '3', '--threads', '2'],
  ...more,
];

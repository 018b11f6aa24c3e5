// A contender as a child process that answers every line with a line.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The rows that others are compared with. */
export const baseline = 'PyTorch eager, channels_last';
/** What may take part: name -> side and mode. */
export const contenders = {
  'PyTorch eager, NCHW': ['python', 'nchw'],
  [baseline]: ['python', 'channels_last'],
  'PyTorch compiled': ['python', 'compile'],
  'Pleat on torch': ['node', 'torch'],
  'Pleat on wasm': ['node', 'wasm'],
  'Pleat on tensorflow': ['node', 'tensorflow'],
};
/** Those of them that run libtorch without compiling. */
export const onLibtorch = ['PyTorch eager, NCHW', baseline, 'Pleat on torch'];

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Starts a contender and waits until it has trained one step.
 *
 * @param {string} command 'python' or 'node'
 * @param {object} options what the contender's script reads
 * @returns `{ ready, trained, pid, step, become, stop }`, where `become(options)` trains another model in the same process, or `{ absent }` with the reason it cannot take part
 */
export async function start(command, options) {
  const python = process.env.PLEAT_PYTHON ?? 'python3';
  const [program, ...before] =
    command === 'python'
      ? [python, script('pytorch.py')]
      : [process.execPath, '--expose-gc', script('pleat.mjs')];
  const count = String(options.threads);
  const child = spawn(program, [...before, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', process.env.PLEAT_BENCH_VERBOSE ? 'inherit' : 'ignore'],
    env: { ...process.env, OMP_PROC_BIND: 'true', OMP_NUM_THREADS: count, MKL_NUM_THREADS: count },
  });
  const failed = new Promise((resolve) => child.on('error', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const line = await Promise.race([lines.next(), failed]);
    if (line instanceof Error) return { absent: line.message };
    return line.done ? { absent: `ended with status ${child.exitCode}` } : JSON.parse(line.value);
  };
  const first = await next();
  if (first.absent !== undefined) return first;
  const step = async () => {
    child.stdin.write('\n');
    const answered = await next();
    if (answered.absent !== undefined) throw new Error(`${options.mode}: ${answered.absent}`);
    return answered;
  };
  const become = (others) => {
    child.stdin.write(`${JSON.stringify(others)}\n`);
    return next();
  };
  return { ...first, pid: child.pid, step, become, stop: () => child.stdin.end() };
}

/**
 * Starts those of some contenders that this machine has.
 *
 * @param {string[]} names of `contenders`
 * @param {object} options what their scripts read; `rehearsals` is for those in Node alone
 * @returns `{ entered, absent }`: `[{ contender, child }]`, and `[{ contender, note }]` with the reasons
 */
export async function enter(names, { rehearsals, ...options }) {
  const [entered, absent] = [[], []];
  for (const contender of names) {
    const [command, mode] = contenders[contender];
    const more = command === 'node' && rehearsals !== undefined ? { rehearsals } : {};
    const child = await start(command, { ...options, ...more, mode });
    if (child.absent === undefined) entered.push({ contender, child });
    else absent.push({ contender, note: `absent: ${child.absent}` });
  }
  return { entered, absent };
}

import {
  type Deterministic,
  type DeviceName,
  type Precision,
  parseDevice,
  requireDeterministic,
  requirePrecision,
} from './device.ts';
import { loadLibrary } from './ffi/library.ts';
import { chooseTorch } from './locate/locate.ts';
import { setUp } from './setup.ts';

/** How `registerTorch` sets up. */
export interface TorchOptions {
  /** Where tensors live: 'cpu' (the default), 'cuda' for the first GPU, or 'cuda:N'. */
  device?: DeviceName | 'cuda';
  /** Threads of libtorch; default all that it finds. */
  threads?: number;
  /** The folder with `libtorch_cpu.so`; default the first usable one of `locateTorch`. */
  path?: string;
  /**
   * Whether the same program gives the same bits every time: true, and ops that cannot throw; 'prefer', and only ops that
   * can do so; default false.
   */
  deterministic?: Deterministic;
  /**
   * How convolutions and matrix products are computed; tensors stay float32. 'float32' (the default); 'tf32', on a GPU;
   * 'bfloat16', which rounds their inputs and results to 8 bits of precision.
   */
  precision?: Precision;
}

/** What `registerTorch` has set up. */
export interface TorchInfo {
  device: DeviceName;
  /** The version of libtorch, as '2.13'. */
  version: string;
  threads: number;
  /** The folder it was loaded from. */
  path: string;
  deterministic: Deterministic;
  /** What is in force: a processor has no TF32 and computes in float32. */
  precision: Precision;
}

function requireThreads(threads: number | undefined): number {
  if (threads === undefined) return 0;
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new Error(
    `registerTorch: expected threads to be a whole number from 1 to 1024, got ${threads}; leave it out for all.`,
  );
}

/**
 * Registers the backend 'torch', whose tensors lie in libtorch and whose kernels are libtorch's ops. The app
 * then calls `tf.setBackend('torch')`. A backend 'torch' that exists is replaced, its tensors with it.
 *
 * `deterministic`, and TF32 on a GPU, are switches of the whole process: the last call decides for all worker threads.
 *
 * @param options - `device`, `threads`, `path`, `deterministic`, `precision`.
 * @returns The device, libtorch's version, the number of threads, the folder, and what else is in force.
 * @throws TorchNotFoundError when this machine has no usable libtorch; Error when the one at `path` does not work, or
 *   the device is not there: it names what is missing.
 * @example
 * ```js
 * await registerTorch({ threads: 2 });
 * await tf.setBackend('torch');
 * console.log(tf.getBackend()); // torch
 * ```
 */
export async function registerTorch(options: TorchOptions = {}): Promise<TorchInfo> {
  const { deterministic = false, precision: asked = 'float32' } = options;
  const device = parseDevice(options.device ?? 'cpu');
  const count = requireThreads(options.threads);
  requirePrecision(asked);
  requireDeterministic(deterministic);
  const precision = asked === 'tf32' && !device.cuda ? 'float32' : asked;
  const path = options.path ?? (await chooseTorch({ device: device.cuda ? 'cuda' : 'cpu' })).folder;
  // cuBLAS repeats itself only with a workspace of its own, and reads this as it starts.
  if (deterministic && device.cuda) process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const library = loadLibrary(path, device.cuda);
  const threads = setUp(library, { device, threads: count, deterministic, precision });
  const { version } = library;
  return { device: device.name, version, threads, path, deterministic, precision };
}

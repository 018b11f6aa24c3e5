import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { attach, compileKernels, memoryOf, moduleFor, type WasmBackend } from './host.ts';
import { registerKernels } from './kernels/index.ts';
import { threadedBackend } from './node-backend.ts';
import { Pool } from './pool.ts';

/** What `registerWasm` has set up. */
export interface WasmInfo {
  /** Threads that run kernels, the caller's included. */
  threads: number;
  /** Always true: the kernels need SIMD. */
  simd: boolean;
  /** One sentence why there are fewer threads than were asked for. */
  reason?: string;
}

/** How `registerWasm` sets up. */
export interface WasmOptions {
  /** Threads in Node, the caller's included; 'auto' takes what the machine has, at most 8. */
  threads?: number | 'auto';
}

/** A program of one SIMD instruction (from wasm-feature-detect). */
const simdProgram = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26,
  11,
]);

function requireSimd(name: string): void {
  if (WebAssembly.validate(simdProgram)) return;
  throw new Error(
    `${name}: expected an engine with WebAssembly SIMD, found one without; use Node 20.19 or a browser of 2023 or later.`,
  );
}

/**
 * Adds the kernels that training needs to a stock wasm backend, in a browser or Node: one thread, on
 * the backend's own memory. Kernels of the same name (matrix products, convolutions, sums) are replaced.
 *
 * @returns When the kernels are compiled and registered.
 * @throws Error when the engine has no SIMD.
 * @example
 * ```js
 * import '@tensorflow/tfjs-backend-wasm';
 * await registerTrainingKernels();
 * await tf.setBackend('wasm');
 * ```
 */
export async function registerTrainingKernels(): Promise<void> {
  requireSimd('registerTrainingKernels');
  await compileKernels();
  registerKernels();
}

function wantedThreads(threads: number | 'auto'): number {
  if (threads !== 'auto') {
    if (Number.isInteger(threads) && threads >= 1) return Math.min(threads, 64);
    throw new Error(
      `registerWasm: expected threads to be a whole number of 1 or more or 'auto', got ${threads}; leave it out for 'auto'.`,
    );
  }
  return Math.min(8, process.getBuiltinModule('node:os').availableParallelism());
}

/**
 * Registers a wasm backend that trains: all kernels, on several threads in Node. A backend 'wasm' that
 * exists is replaced, its tensors with it; the app then calls `tf.setBackend('wasm')`.
 *
 * Results do not depend on the number of threads, bit for bit. Where threads cannot start, and in
 * browsers, one thread runs the same kernels and `reason` says why.
 *
 * @param options - `threads` (default 'auto').
 * @returns The number of threads, and a reason where it is lower than asked for.
 * @throws Error when `threads` is not a positive whole number or the engine has no SIMD.
 * @example
 * ```js
 * const { threads } = await registerWasm({ threads: 2 });
 * await tf.setBackend('wasm');
 * console.log(threads); // 2
 * ```
 */
export async function registerWasm(options: WasmOptions = {}): Promise<WasmInfo> {
  const { threads = 'auto' } = options;
  await registerTrainingKernels();
  if (typeof process === 'undefined' || !process.versions?.node) {
    const reason = 'Threads are for Node; a browser runs the kernels on one.';
    return { threads: 1, simd: true, reason };
  }
  const wanted = wantedThreads(threads);
  const { backend, ...info } = await start(wanted);
  const dispose = backend.dispose;
  let living = true;
  backend.dispose = () => {
    if (living) dispose();
    living = false;
  };
  tf.removeBackend('wasm');
  // tfjs may dispose of a backend and ask for another.
  tf.registerBackend(
    'wasm',
    () => (living ? backend : start(wanted).then((next) => next.backend)),
    3,
  );
  return info;
}

async function start(wanted: number): Promise<WasmInfo & { backend: WasmBackend }> {
  const backend = await threadedBackend();
  const memory = memoryOf(backend);
  let pool: Pool | null = null;
  let reason: string | undefined;
  if (wanted > 1) {
    try {
      pool = await Pool.start(moduleFor(memory), memory, wanted);
    } catch (error) {
      reason = `Worker threads did not start (${(error as Error).message}); one thread does all the work.`;
    }
  }
  attach(backend, pool);
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    pool?.stop();
    dispose();
  };
  const info = { backend, threads: pool?.threads ?? 1, simd: true };
  return reason === undefined ? info : { ...info, reason };
}

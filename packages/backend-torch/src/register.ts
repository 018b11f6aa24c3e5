import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from './backend.ts';
import { Engine } from './engine.ts';
import { type Library, loadLibrary } from './ffi/library.ts';
import { registerKernels } from './kernels/index.ts';
import { chooseTorch } from './locate/locate.ts';

/** How `registerTorch` sets up. */
export interface TorchOptions {
  /** Where tensors live: the processor, the only one so far. */
  device?: 'cpu';
  /** Threads of libtorch; default all that it finds. */
  threads?: number;
  /** The folder with `libtorch_cpu.so`; default the first usable one of `locateTorch`. */
  path?: string;
}

/** What `registerTorch` has set up. */
export interface TorchInfo {
  device: 'cpu';
  /** The version of libtorch, as '2.13'. */
  version: string;
  threads: number;
  /** The folder it was loaded from. */
  path: string;
}

function requireThreads(threads: number | undefined): number {
  if (threads === undefined) return 0;
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new Error(
    `registerTorch: expected threads to be a whole number from 1 to 1024, got ${threads}; leave it out for all.`,
  );
}

/** A library that loads may still not compute: better found here than in the midst of training. */
function smoke(library: Library): void {
  const engine = new Engine(library);
  engine.scope(() => {
    const root = engine.op('aten::sqrt', engine.from(Float32Array.of(4, 9), [2], 'float32'));
    const [two, three] = engine.read(root, 2, 'float32');
    if (two === 2 && three === 3) return;
    throw new Error(
      `registerTorch: expected the roots 2 and 3 from libtorch, got ${two} and ${three}; install torch anew.`,
    );
  });
  engine.dispose();
}

/**
 * Registers the backend 'torch', whose tensors lie in libtorch and whose kernels are libtorch's ops. The app
 * then calls `tf.setBackend('torch')`. A backend 'torch' that exists is replaced, its tensors with it.
 *
 * @param options - `threads` (default all), `path` (default: what `locateTorch` finds first), `device` ('cpu').
 * @returns The device, libtorch's version, the number of threads and the folder.
 * @throws TorchNotFoundError when this machine has no usable libtorch; Error when the one at `path` does not work.
 * @example
 * ```js
 * await registerTorch({ threads: 2 });
 * await tf.setBackend('torch');
 * console.log(tf.getBackend()); // torch
 * ```
 */
export async function registerTorch(options: TorchOptions = {}): Promise<TorchInfo> {
  const { device = 'cpu' } = options;
  const threads = requireThreads(options.threads);
  if (device !== 'cpu') {
    throw new Error(
      `registerTorch: expected device 'cpu', got '${device}'; others are not there yet.`,
    );
  }
  const path = options.path ?? (await chooseTorch()).folder;
  const library = loadLibrary(path);
  smoke(library);
  registerKernels('torch');
  if (tf.engine().registryFactory.torch) tf.removeBackend('torch');
  tf.registerBackend('torch', () => new TorchBackend(library), 4);
  return { device, version: library.version, threads: library.threads(threads), path };
}

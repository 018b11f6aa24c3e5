import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from './backend.ts';
import { loadLibrary } from './ffi/library.ts';
import { registerKernels } from './kernels/index.ts';

/** How `registerTorch` sets up. */
export interface TorchOptions {
  /** Where tensors live; only the processor so far. */
  device?: 'cpu';
  /** Threads of libtorch; without it libtorch takes what the machine has. */
  threads?: number;
  /** The folder with `libtorch_cpu.so`; without it the environment variable `PLEAT_TORCH`. */
  path?: string;
}

/** What `registerTorch` has set up. */
export interface TorchInfo {
  device: 'cpu';
  /** The version of libtorch, as '2.13'. */
  version: string;
  path: string;
}

export async function registerTorch(options: TorchOptions = {}): Promise<TorchInfo> {
  const path = options.path ?? process.env.PLEAT_TORCH ?? '';
  const library = loadLibrary(path);
  registerKernels('torch');
  if (tf.engine().registryFactory.torch) tf.removeBackend('torch');
  tf.registerBackend('torch', () => new TorchBackend(library), 4);
  return { device: 'cpu', version: '', path };
}

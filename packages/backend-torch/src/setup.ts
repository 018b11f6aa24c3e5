import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from './backend.ts';
import type { Deterministic, Device, Precision } from './device.ts';
import type { Library } from './ffi/library.ts';
import { registerKernels } from './kernels/index.ts';
import { smoke } from './smoke.ts';

/** What is left to choose once a library is loaded. */
export interface Setup {
  device: Device;
  threads: number;
  deterministic: Deterministic;
  precision: Precision;
}

/**
 * Proves that a loaded library computes on the device, then registers it as the backend 'torch'.
 *
 * @returns How many threads ops of this thread take.
 */
export function setUp(
  library: Library,
  { device, threads, deterministic, precision }: Setup,
): number {
  const count = library.threads(threads);
  if (device.cuda) library.context.tf32(precision === 'tf32');
  library.context.deterministic(false, false);
  try {
    smoke(library, device);
  } catch (error) {
    if (!device.cuda) throw error;
    throw new Error(
      `registerTorch: expected ${device.name} to compute, found: ${(error as Error).message} Check NVIDIA's driver (nvidia-smi) and the number of the GPU.`,
      { cause: error },
    );
  }
  // Last: some ops have no repeatable form on a GPU, and refuse only when a program calls them.
  library.context.deterministic(deterministic !== false, deterministic === true);
  registerKernels('torch');
  if (tf.engine().registryFactory.torch) tf.removeBackend('torch');
  tf.registerBackend('torch', () => new TorchBackend(library, device, precision), 4);
  return count;
}

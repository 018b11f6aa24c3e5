import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from './backend.ts';
import type { Device, Precision } from './device.ts';
import { Engine } from './engine.ts';
import type { Library } from './ffi/library.ts';
import { registerKernels } from './kernels/index.ts';

/** What is left to choose once a library is loaded. */
export interface Setup {
  device: Device;
  threads: number;
  deterministic: boolean;
  precision: Precision;
}

/** A library that loads may still not compute: better found here than in the midst of training. */
function smoke(library: Library, device: Device): void {
  const engine = new Engine(library, device);
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
 * Proves that a loaded library computes on the device, then registers it as the backend 'torch'.
 *
 * @returns How many threads ops of this thread take.
 */
export function setUp(
  library: Library,
  { device, threads, deterministic, precision }: Setup,
): number {
  library.context.deterministic(deterministic);
  if (device.cuda) library.context.tf32(precision === 'tf32');
  try {
    smoke(library, device);
  } catch (error) {
    if (!device.cuda) throw error;
    throw new Error(
      `registerTorch: expected ${device.name} to compute, found: ${(error as Error).message} Check NVIDIA's driver (nvidia-smi) and the number of the GPU.`,
      { cause: error },
    );
  }
  registerKernels('torch');
  if (tf.engine().registryFactory.torch) tf.removeBackend('torch');
  tf.registerBackend('torch', () => new TorchBackend(library, device, precision), 4);
  return library.threads(threads);
}

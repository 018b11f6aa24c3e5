import { openDriver } from './driver/driver.ts';
import type { DeviceInfo } from './driver/types.ts';
import { proveProduct } from './engines/prove.ts';
import { tensorflowCandidate } from './engines/tensorflow.ts';
import { type TorchChoice, torchCandidate } from './engines/torch.ts';
import type { CudaEngine } from './engines/types.ts';
import { findEngine } from './find.ts';

/** How `registerCuda` chooses. */
export interface CudaOptions {
  /** Number of the GPU, default 0. */
  device?: number;
  /** The engine to try first, default 'torch'. */
  prefer?: CudaEngine;
  /** Options of `registerTorch` for the engine 'torch': `path`, `threads`, `deterministic`, `precision`. */
  torch?: TorchChoice;
}

/** The engine that `registerCuda` has registered. */
export interface CudaInfo {
  engine: CudaEngine;
  /** The name to give `tf.setBackend`. */
  backend: string;
  /** Version of the library that computes, such as '2.11'. */
  version: string;
  /** The folder it was loaded from. */
  path: string;
  device: DeviceInfo;
}

/**
 * Registers the best engine that computes on a GPU: libtorch, or TensorFlow through `@tensorflow/tfjs-node-gpu`. An
 * engine counts when a product of matrices comes out right and both it and NVIDIA's driver say that this GPU made it.
 * The app then calls `tf.setBackend(backend)`.
 *
 * @param options - `device` (default 0), `prefer` (default 'torch'), `torch`.
 * @returns The engine, its backend's name, its version, and the GPU.
 * @throws CudaNotFoundError when none does: its message says of each what it lacks and what to do.
 * @example
 * ```js
 * const { backend, device } = await registerCuda();
 * await tf.setBackend(backend);
 * console.log(device.name); // NVIDIA H100 80GB HBM3
 * ```
 */
export async function registerCuda(options: CudaOptions = {}): Promise<CudaInfo> {
  const { device = 0, prefer = 'torch', torch = {} } = options;
  if (!Number.isInteger(device) || device < 0) {
    throw new Error(
      `registerCuda: expected device to be a whole number from 0 on, got ${device}; 0 is the first GPU.`,
    );
  }
  if (prefer !== 'torch' && prefer !== 'tensorflow') {
    throw new Error(
      `registerCuda: expected prefer to be 'torch' or 'tensorflow', got ${JSON.stringify(prefer)}.`,
    );
  }
  const { engine, backend, version, path, info } = await findEngine(
    { device, prefer },
    { openDriver, candidates: [torchCandidate(torch), tensorflowCandidate()], prove: proveProduct },
  );
  return { engine, backend, version, path, device: info };
}

import type { DeviceInfo, Driver } from '../driver/types.ts';

/** Engines that can compute on a GPU. */
export type CudaEngine = 'torch' | 'tensorflow';

/** What a started engine says of itself. */
export interface Started {
  /** The name of the tfjs backend. */
  backend: string;
  /** Of the library that computes. */
  version: string;
  /** The folder it was loaded from. */
  path: string;
  /** Where the engine itself says that its tensors are: must be the GPU that was asked for. */
  device: string;
}

/** One engine that may run on a GPU. */
export interface Candidate {
  readonly name: CudaEngine;
  /**
   * Registers the engine for a GPU, without selecting it.
   *
   * @throws Error whose message says what it lacks and what to do
   */
  start(device: DeviceInfo, driver: Driver): Promise<Started>;
}

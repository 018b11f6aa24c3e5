import * as tf from '@tensorflow/tfjs';
import { openDriver } from './driver/driver.ts';
import type { DeviceInfo, Driver } from './driver/types.ts';

/** Memory of a GPU, in bytes. */
export interface MemoryStats {
  /** All that the GPU has. */
  totalBytes: number;
  /** What no process holds. */
  freeBytes: number;
  /** What all processes hold together, this one's reserve included. */
  usedBytes: number;
  /** Tensors of tfjs that live now, on the selected backend. */
  tensorBytes: number;
  tensors: number;
}

function pick(driver: Driver, index: number, caller: string): DeviceInfo {
  const device = driver.devices[index];
  if (device) return device;
  throw new Error(
    `${caller}: expected the number of a GPU below ${driver.devices.length}, got ${index}; check CUDA_VISIBLE_DEVICES.`,
  );
}

/**
 * What NVIDIA's driver says of a GPU: name, memory, compute capability, driver.
 *
 * @param index number of the GPU, default 0
 * @throws Error when there is no driver or no such GPU
 * @example
 * deviceInfo().computeCapability // '9.0'
 */
export function deviceInfo(index = 0, driver: Driver = openDriver()): DeviceInfo {
  return { ...pick(driver, index, 'deviceInfo') };
}

/**
 * How full a GPU is, and how much of it living tensors are.
 *
 * @param index number of the GPU, default 0
 * @throws Error when there is no driver or no such GPU
 * @example
 * const { freeBytes, totalBytes } = memoryStats();
 */
export function memoryStats(index = 0, driver: Driver = openDriver()): MemoryStats {
  pick(driver, index, 'memoryStats');
  const { freeBytes, totalBytes } = driver.memory(index);
  const { numBytes, numTensors } = tf.memory();
  return {
    totalBytes,
    freeBytes,
    usedBytes: totalBytes - freeBytes,
    tensorBytes: numBytes,
    tensors: numTensors,
  };
}

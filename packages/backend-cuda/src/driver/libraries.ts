import koffi from 'koffi';

/** A loaded library: gives functions by their C prototypes. */
export interface NativeLibrary {
  func(prototype: string): (...args: unknown[]) => unknown;
}

/** Loads the first of several libraries; undefined when the machine has none. */
export type OpenLibrary = (names: readonly string[]) => NativeLibrary | undefined;

/** Loads libraries as the system finds them, by name or path. */
export const openLibrary: OpenLibrary = (names) => {
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      // Not there, or it cannot be loaded: the next one.
    }
  }
  return undefined;
};

const windows = process.platform === 'win32';

/** NVIDIA's driver; the second place is that of Windows' subsystem for Linux. */
export const driverLibrary: readonly string[] = windows
  ? ['nvcuda.dll']
  : ['libcuda.so.1', '/usr/lib/wsl/lib/libcuda.so.1'];

/** NVIDIA's management library, which knows the version of the driver. */
export const managementLibrary: readonly string[] = windows
  ? ['nvml.dll']
  : ['libnvidia-ml.so.1', '/usr/lib/wsl/lib/libnvidia-ml.so.1'];

import {
  driverLibrary,
  managementLibrary,
  type NativeLibrary,
  type OpenLibrary,
  openLibrary,
} from './libraries.ts';
import type { DeviceInfo, Driver } from './types.ts';

/** The driver cannot be used; the message says why and what to do. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

/** `CUresult` codes that a user can do something about; NVIDIA's CUDA driver API, "Data types used by CUDA driver". */
const advice: Record<number, string> = {
  34: 'the libcuda that was found is a stub without a driver; install the NVIDIA driver',
  35: 'the driver is older than the CUDA that asks for it; update the NVIDIA driver',
  100: 'the driver sees no GPU; check CUDA_VISIBLE_DEVICES, and that the machine or container is given one',
  101: 'that GPU cannot be used; check CUDA_VISIBLE_DEVICES',
  2: 'the GPU has no memory left; end what else runs on it',
  46: 'the GPU is taken by another process, or its mode forbids sharing; end that process',
  802: 'the GPU is not ready yet; try again, or start the fabric manager',
  803: 'the driver in the kernel and its library differ; restart the machine, or make both the same version',
  804: 'this GPU cannot run with the forward-compatible driver that was found; update the NVIDIA driver',
};

/** `CUdevice_attribute`: COMPUTE_CAPABILITY_MAJOR and _MINOR. */
const attributes = { major: 75, minor: 76 };

type Native = (...args: unknown[]) => unknown;

/** Calls that end in an error when the driver says so. */
function checked(library: NativeLibrary, prototype: string): (...args: unknown[]) => void {
  const call: Native = library.func(prototype);
  const name = /(\w+)\(/.exec(prototype)![1]!;
  return (...args) => {
    const code = call(...args) as number;
    if (code === 0) return;
    const known = advice[code] ?? 'see NVIDIA’s list of CUresult codes, and try nvidia-smi';
    throw new DriverError(`NVIDIA's driver answers ${name} with error ${code}: ${known}`);
  };
}

/** Calls `body` with a fresh cell for a result, and gives what was put there. */
function result<T>(body: (cell: T[]) => void): T {
  const cell = [null] as T[];
  body(cell);
  return cell[0]!;
}

/** A C text in a buffer. */
function textOf(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end);
}

/** The driver's own version, which only the management library tells. */
function driverVersion(open: OpenLibrary): string | null {
  const library = open(managementLibrary);
  if (!library) return null;
  try {
    const start = library.func('int nvmlInit_v2()');
    const ask = library.func('int nvmlSystemGetDriverVersion(void *text, unsigned int length)');
    const text = Buffer.alloc(96);
    if (start() !== 0 || ask(text, text.length) !== 0) return null;
    return textOf(text);
  } catch {
    return null;
  }
}

const release = (number: number): string =>
  `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;

/**
 * Opens NVIDIA's driver: which GPUs there are, and what they are.
 *
 * Nothing is allocated on a GPU. Which GPUs count is settled by `CUDA_VISIBLE_DEVICES` at the first call of a process.
 *
 * @param open loads libraries
 * @throws DriverError when there is no driver, or none that works
 */
export function openDriver(open: OpenLibrary = openLibrary): Driver {
  const library = open(driverLibrary);
  if (!library) {
    throw new DriverError(
      process.platform === 'darwin'
        ? 'macOS has no CUDA'
        : `there is no NVIDIA driver (${driverLibrary[0]}); install it, or give the container access to the GPU`,
    );
  }
  const call = (prototype: string) => checked(library, prototype);
  call('int cuInit(unsigned int flags)')(0);
  const version = driverVersion(open);
  const cuda = release(result<number>(call('int cuDriverGetVersion(_Out_ int *version)')));
  const count = result<number>(call('int cuDeviceGetCount(_Out_ int *count)'));
  const getDevice = call('int cuDeviceGet(_Out_ int *device, int index)');
  const getName = call('int cuDeviceGetName(void *name, int length, int device)');
  const getMemory = call('int cuDeviceTotalMem_v2(_Out_ size_t *bytes, int device)');
  const getAttribute = call(
    'int cuDeviceGetAttribute(_Out_ int *value, int attribute, int device)',
  );
  const getState = call(
    'int cuDevicePrimaryCtxGetState(int device, _Out_ unsigned int *flags, _Out_ int *active)',
  );
  const retain = call('int cuDevicePrimaryCtxRetain(_Out_ void **context, int device)');
  const releaseContext = call('int cuDevicePrimaryCtxRelease_v2(int device)');
  const push = call('int cuCtxPushCurrent_v2(void *context)');
  const pop = call('int cuCtxPopCurrent_v2(_Out_ void **context)');
  const getFree = call('int cuMemGetInfo_v2(_Out_ size_t *free, _Out_ size_t *total)');

  const handles = Array.from({ length: count }, (_, index) =>
    result<number>((cell) => getDevice(cell, index)),
  );
  const devices = handles.map((handle, index): DeviceInfo => {
    const name = Buffer.alloc(256);
    getName(name, name.length, handle);
    const attribute = (which: number) =>
      result<number>((cell) => getAttribute(cell, which, handle));
    return {
      index,
      name: textOf(name),
      memoryBytes: Number(result<number | bigint>((cell) => getMemory(cell, handle))),
      computeCapability: `${attribute(attributes.major)}.${attribute(attributes.minor)}`,
      driver: version,
      cuda,
    };
  });
  return {
    version,
    cuda,
    devices,
    isActive: (index) => result<number>((cell) => getState(handles[index], [0], cell)) !== 0,
    memory: (index) => {
      // Free memory is that of a context; the primary one is what libtorch and TensorFlow use, too.
      const context = result<unknown>((cell) => retain(cell, handles[index]));
      push(context);
      try {
        const total: (number | bigint)[] = [0];
        const freeBytes = Number(result<number | bigint>((cell) => getFree(cell, total)));
        return { freeBytes, totalBytes: Number(total[0]) };
      } finally {
        pop([null]);
        releaseContext(handles[index]);
      }
    },
  };
}

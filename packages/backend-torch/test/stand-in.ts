import { type Library, loadLibrary } from '../src/ffi/library.ts';

/** What a run on the stand-in has done at the device's edge. */
export interface DeviceLog {
  uploads: number;
  /** Those that do not wait, from pinned memory. */
  pinned: number;
  /** Set where there is no pinned memory to be had. */
  scarce: boolean;
  downloads: number;
  /** Downloads that another thread has made. */
  later: number;
  /** Set to have the next of those fail. */
  fail: boolean;
  guards: number;
  tf32: boolean | undefined;
}

/**
 * A library that takes every call meant for a GPU and answers from the processor's memory. It is stricter than a GPU
 * would be: only tensors asked for on the processor may have their memory touched or be copied from and to.
 */
export function gpuStandIn(folder: string): { library: Library; log: DeviceLog } {
  const library = loadLibrary(folder);
  const log: DeviceLog = {
    uploads: 0,
    pinned: 0,
    scarce: false,
    downloads: 0,
    later: 0,
    fail: false,
    guards: 0,
    tf32: undefined,
  };
  const hosts = new Set<number>();
  const pinned = new Set<number>();
  const noScalar = () => {
    throw new Error('stand-in: a scalar was made on the processor');
  };
  const words = new Uint32Array(2);
  const result = (out: number) => {
    library.download(words, out, 8);
    return words[0]! + words[1]! * 2 ** 32;
  };
  const standIn: Library = {
    ...library,
    emptyStrided: (dims, sizes, strides, dtype, type, index, out) => {
      const status = library.emptyStrided(dims, sizes, strides, dtype, library.cpu, 0, out);
      if (type === library.cuda && index !== 1) throw new Error(`stand-in: device ${index}`);
      if (type === library.cpu) hosts.add(result(out));
      return status;
    },
    emptyPinned: (dims, sizes, strides, dtype, type, index, out) => {
      if (type !== library.cpu || index !== 0) throw new Error('stand-in: pinned on a GPU');
      if (log.scarce) return 1;
      const status = library.emptyStrided(dims, sizes, strides, dtype, library.cpu, 0, out);
      hosts.add(result(out));
      pinned.add(result(out));
      return status;
    },
    deleteTensor: (tensor) => {
      hosts.delete(tensor);
      pinned.delete(tensor);
      return library.deleteTensor(tensor);
    },
    dataPointer: (tensor, out) => {
      if (!hosts.has(tensor)) throw new Error('stand-in: memory of the device was touched');
      return library.dataPointer(tensor, out);
    },
    copyTensor: (to, from, nonBlocking) => {
      if (hosts.has(to) === hosts.has(from)) throw new Error('stand-in: a copy across no edge');
      // Of any other memory the caller could not know when it has been read.
      if (nonBlocking && !pinned.has(from))
        throw new Error('stand-in: no wait for pageable memory');
      if (hosts.has(to)) log.downloads++;
      else log.uploads++;
      if (nonBlocking) log.pinned++;
      return library.copyTensor(to, from, nonBlocking);
    },
    copyTensorLater: async (to, from, nonBlocking) => {
      if (!hosts.has(to) || hosts.has(from)) throw new Error('stand-in: no way out');
      // A GPU would be busy with what it was asked for before.
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (log.fail) {
        log.fail = false;
        return 1;
      }
      const status = await library.copyTensorLater(to, from, nonBlocking);
      log.later++;
      return status;
    },
    guardDevice: (index, out) => {
      if (index !== 1) throw new Error(`stand-in: device ${index}`);
      log.guards++;
      library.upload(out, Uint32Array.of(4097, 0), 8);
      return 0;
    },
    releaseDevice: () => {
      log.guards--;
      return 0;
    },
    context: {
      ...library.context,
      tf32: (on) => {
        log.tf32 = on;
        library.context.tf32(on);
      },
    },
    scalarFloat32: noScalar,
    scalarFloat64: noScalar,
    scalarInt32: noScalar,
    scalarInt64: noScalar,
    scalarBool: noScalar,
  };
  return { library: standIn, log };
}

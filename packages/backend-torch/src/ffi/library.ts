import koffi, { type KoffiFunc } from 'koffi';
import { type Context, contextOf } from './context.ts';
import { arrangeHeap, heapSize, heapTrim } from './glibc.ts';
import { openLibraries } from './open.ts';
import { type TextCalls, textCalls } from './text-calls.ts';

/** An address in the process, below 2^48: exact as a number. */
export type Address = number;
type Native<Arguments extends number[]> = (...args: Arguments) => number;
type Later<Arguments extends unknown[], Result> = (...args: Arguments) => Promise<Result>;

type EmptyStrided = Native<
  [
    dims: number,
    sizes: Address,
    strides: Address,
    dtype: number,
    device: number,
    index: number,
    out: Address,
  ]
>;

/** The functions of libtorch's stable C ABI that the engine calls; a status other than 0 is an error. */
export interface Library extends TextCalls {
  abiVersion: number;
  /** As '2.13'. */
  version: string;
  /** Sets how many threads ops of the calling thread take; 0 asks only. Returns how many they take. */
  threads: (count: number) => number;
  /** Switches of the whole process, by the names of torch's C++ interface. */
  context: Context;
  /** What tensors of the processor and of a GPU are asked for by. */
  cpu: number;
  cuda: number;
  /** Makes a GPU the calling thread's own. */
  guardDevice: Native<[index: number, out: Address]>;
  releaseDevice: Native<[guard: Address]>;
  /** Copies a tensor's values into another, across devices. */
  copyTensor: Native<[to: Address, from: Address, nonBlocking: number]>;
  /** The same in another thread, which knows what went wrong and cannot say it. */
  copyTensorLater: Later<[to: Address, from: Address, nonBlocking: number], number>;
  callDispatcher: Native<[name: Address, overload: Address, stack: Address, version: number]>;
  newHandle: Native<[tensor: Address, out: Address]>;
  deleteTensor: Native<[tensor: Address]>;
  emptyStrided: EmptyStrided;
  /** The same in memory that a GPU reads without the processor's help; undefined where libtorch has no such function. */
  emptyPinned: EmptyStrided | undefined;
  reinterpret: Native<
    [tensor: Address, dims: number, sizes: Address, strides: Address, offset: number, out: Address]
  >;
  dataPointer: Native<[tensor: Address, out: Address]>;
  count: Native<[tensor: Address, out: Address]>;
  dim: Native<[tensor: Address, out: Address]>;
  sizes: Native<[tensor: Address, out: Address]>;
  strides: Native<[tensor: Address, out: Address]>;
  dtype: Native<[tensor: Address, out: Address]>;
  isContiguous: Native<[tensor: Address, out: Address]>;
  scalarFloat32: Native<[value: number, out: Address]>;
  scalarFloat64: Native<[value: number, out: Address]>;
  scalarInt32: Native<[value: number, out: Address]>;
  scalarInt64: Native<[value: number, out: Address]>;
  scalarBool: Native<[value: number, out: Address]>;
  fill: Native<[tensor: Address, value: number]>;
  subtract: Native<[a: Address, b: Address, alpha: number, out: Address]>;
  pad: Native<
    [tensor: Address, sizes: Address, count: number, mode: Address, value: Address, out: Address]
  >;
  newList: Native<[size: number, out: Address]>;
  pushBack: Native<[list: Address, value: number]>;
  pushHandle: Native<[list: Address, value: Address]>;
  newString: Native<[text: Address, length: number, out: Address]>;
  malloc: Native<[bytes: number]>;
  free: (address: Address) => void;
  copy: (to: Address, from: Address, bytes: number) => void;
  /** Copies between a typed array and an address. */
  upload: (to: Address, from: ArrayBufferView, bytes: number) => void;
  download: (to: ArrayBufferView, from: Address, bytes: number) => void;
  /** In another thread; the array must be held until it is done. */
  downloadLater: Later<[to: ArrayBufferView, from: Address, bytes: number], void>;
  /** The text of this thread's last error; empty before libtorch 2.13, which cannot tell. */
  lastError: () => string;
  /** Bytes that the C library's heap, where tensors of the processor lie, has taken from the system; 0 where unknown. */
  reserved: () => number;
  /** Gives the free pages of that heap back to the system, where the C library can. */
  trim: () => void;
  /** The bytes at an address, shared with native code. */
  view: (address: Address, bytes: number) => ArrayBuffer;
}

/**
 * Loads libtorch from a folder and declares what the engine calls.
 *
 * @param folder - A folder with `libtorch_cpu.so` and `libc10.so`, for a GPU also `libtorch_cuda.so`.
 * @param cuda - Whether to load what computes on a GPU.
 * @returns The functions, by short names.
 * @throws Error when the folder has no libtorch, one before 2.10, or one that cannot be loaded.
 */
export function loadLibrary(folder: string, cuda = false): Library {
  const torch = openLibraries(folder, cuda);
  const libc = koffi.load(null);
  const at = 'uint64';
  const version = torch.func('aoti_torch_abi_version', at, [])() as bigint;
  const found = `${version >> 56n}.${(version >> 48n) & 255n}`;
  if (version >> 48n < 0x20an) {
    throw new Error(
      `loadLibrary: expected libtorch 2.10 or later, found ${found} in ${folder}; update that torch or point to another.`,
    );
  }
  arrangeHeap(libc);
  const status = (name: string, args: string[]) => torch.func(name, 'int32', args);
  const copyTensor: KoffiFunc<Native<[Address, Address, number]>> = status('aoti_torch_copy_', [
    at,
    at,
    'int32',
  ]);
  const download: KoffiFunc<(to: ArrayBufferView, from: Address, bytes: number) => void> =
    libc.func('memcpy', 'void', ['void *', at, 'size_t']);
  const emptyArguments = ['int64', at, at, 'int32', 'int32', 'int32', at];
  const askThreads = torch.func('int32 torch_get_num_threads(_Out_ uint32 *count)');
  const threads = () => {
    const out = [0];
    askThreads(out);
    return out[0]!;
  };
  return {
    abiVersion: Number(version),
    version: found,
    threads: (count) => {
      // The first question on a thread sets libtorch's own number, which must not undo the caller's.
      const before = threads();
      if (count === 0) return before;
      libc.func('omp_set_num_threads', 'void', ['int'])(count);
      return threads();
    },
    context: contextOf(torch),
    cpu: torch.func('aoti_torch_device_type_cpu', 'int32', [])() as number,
    cuda: torch.func('aoti_torch_device_type_cuda', 'int32', [])() as number,
    guardDevice: status('aoti_torch_create_device_guard', ['int32', at]),
    releaseDevice: status('aoti_torch_delete_device_guard', [at]),
    copyTensor,
    copyTensorLater: later(copyTensor),
    callDispatcher: status('torch_call_dispatcher', [at, at, at, at]),
    newHandle: status('aoti_torch_new_tensor_handle', [at, at]),
    deleteTensor: status('aoti_torch_delete_tensor_object', [at]),
    emptyStrided: status('aoti_torch_empty_strided', emptyArguments),
    emptyPinned: optional(() => status('aoti_torch_empty_strided_pinned', emptyArguments)),
    reinterpret: status('aoti_torch__reinterpret_tensor', [at, 'int64', at, at, 'int64', at]),
    dataPointer: status('aoti_torch_get_data_ptr', [at, at]),
    count: status('aoti_torch_get_numel', [at, at]),
    dim: status('aoti_torch_get_dim', [at, at]),
    sizes: status('aoti_torch_get_sizes', [at, at]),
    strides: status('aoti_torch_get_strides', [at, at]),
    dtype: status('aoti_torch_get_dtype', [at, at]),
    isContiguous: status('aoti_torch_is_contiguous', [at, at]),
    scalarFloat32: status('aoti_torch_scalar_to_tensor_float32', ['float', at]),
    scalarFloat64: status('aoti_torch_scalar_to_tensor_float64', ['double', at]),
    scalarInt32: status('aoti_torch_scalar_to_tensor_int32', ['int32', at]),
    scalarInt64: status('aoti_torch_scalar_to_tensor_int64', ['int64', at]),
    scalarBool: status('aoti_torch_scalar_to_tensor_bool', ['uint8', at]),
    fill: status('aoti_torch_aten_fill__Scalar', [at, 'double']),
    subtract: status('aoti_torch_aten_subtract_Tensor', [at, at, 'double', at]),
    pad: status('aoti_torch_aten_pad', [at, at, 'int64', at, at, at]),
    newList: status('torch_new_list_reserve_size', ['size_t', at]),
    pushBack: status('torch_list_push_back', [at, 'int64']),
    pushHandle: status('torch_list_push_back', [at, at]),
    newString: status('torch_new_string_handle', [at, 'size_t', at]),
    ...textCalls(torch),
    malloc: libc.func('malloc', at, ['size_t']),
    free: libc.func('free', 'void', [at]),
    copy: libc.func('memcpy', 'void', [at, at, 'size_t']),
    upload: libc.func('memcpy', 'void', [at, 'void *', 'size_t']),
    download,
    downloadLater: later(download),
    lastError:
      version >> 48n >= 0x20dn
        ? torch.func('torch_exception_get_what_without_backtrace', 'str', [])
        : () => '',
    reserved: heapSize(libc),
    trim: heapTrim(libc),
    view: (address, bytes) => koffi.view(BigInt(address), bytes),
  };
}

/** A function that not every libtorch has. */
function optional<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/** A function that runs in one of Node's threads for work that takes a while. */
function later<Arguments extends unknown[], Result>(
  call: KoffiFunc<(...args: Arguments) => Result>,
): Later<Arguments, Result> {
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(...args, (error, result) => (error ? reject(error) : resolve(result)));
    });
}

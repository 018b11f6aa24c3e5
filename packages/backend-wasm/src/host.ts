import type * as tf from '@tensorflow/tfjs';
import { plainKernels, sharedKernels } from './generated/kernels.ts';
import type { Pool } from './pool.ts';

/** What this package uses of tfjs' wasm backend. */
export interface WasmBackend extends tf.KernelBackend {
  wasm: {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    HEAPU8: Uint8Array;
    asm?: { memory?: WebAssembly.Memory };
    wasmMemory?: WebAssembly.Memory;
  };
  dataIdMap: { get(dataId: tf.DataId): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
}

/** A compiled kernel: its own arguments, then the units it works on and its thread's scratch memory. */
export type Kernel = (...args: number[]) => unknown;

/** Compiled kernels tied to the memory of one backend. */
export interface Host {
  readonly backend: WasmBackend;
  readonly kernels: Record<string, Kernel>;
  readonly pool: Pool | null;
  scratch: number;
  scratchBytes: number;
}

/** The smallest share worth handing to another thread, in multiply-adds or so. */
const MIN_SHARE = 30_000;
/** Shares a kernel is cut into at most: enough to even out threads that are disturbed. */
const MAX_SHARES = 32;

const hosts = new WeakMap<WasmBackend, Host>();
const modules = new Map<string, WebAssembly.Module>();

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Compiles both forms of the kernels; the backend in use decides later which one fits its memory. */
export async function compileKernels(): Promise<void> {
  const compile = async (source: string): Promise<void> => {
    if (!modules.has(source)) modules.set(source, await WebAssembly.compile(decode(source)));
  };
  await compile(plainKernels);
  try {
    await compile(sharedKernels);
  } catch {
    // An engine without threads refuses the shared form, and will never need it.
  }
}

/** The memory a tfjs module works in: imported by the threaded build, exported by the others. */
export function memoryOf(backend: WasmBackend): WebAssembly.Memory {
  const memory = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory;
  if (!memory) {
    throw new Error(
      'backend-wasm: expected the memory of tfjs-backend-wasm 4.22, found none; install @tensorflow/tfjs-backend-wasm 4.22.0.',
    );
  }
  return memory;
}

/** The compiled kernels for a memory of either kind. */
export function moduleFor(memory: WebAssembly.Memory): WebAssembly.Module {
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const module = modules.get(shared ? sharedKernels : plainKernels);
  if (!module) {
    throw new Error(
      'backend-wasm: the kernels are not compiled yet; await registerTrainingKernels() before you run a model.',
    );
  }
  return module;
}

/** Ties the kernels to a backend, with a pool of threads when there is one. */
export function attach(backend: WasmBackend, pool: Pool | null): Host {
  const memory = memoryOf(backend);
  const instance = new WebAssembly.Instance(moduleFor(memory), { env: { memory } });
  const kernels = instance.exports as Record<string, Kernel>;
  const host = { backend, kernels, pool, scratch: 0, scratchBytes: 0 };
  hosts.set(backend, host);
  return host;
}

/** The kernels of a backend; attached on first use where nobody did before. */
export function hostOf(backend: unknown): Host {
  const wasm = backend as WasmBackend;
  return hosts.get(wasm) ?? attach(wasm, null);
}

/** Memory from the heap of tfjs; give it back by `release`. */
export function allocate(host: Host, bytes: number): number {
  const pointer = host.backend.wasm._malloc(Math.max(16, bytes)) >>> 0;
  if (pointer === 0) {
    throw new Error(
      `backend-wasm: found no ${bytes} bytes left in the 4 GiB of WebAssembly; use a smaller batch or dispose of tensors.`,
    );
  }
  return pointer;
}

/** Gives memory of `allocate` back. */
export function release(host: Host, pointer: number): void {
  host.backend.wasm._free(pointer);
}

function ensureScratch(host: Host, bytes: number): void {
  const each = Math.ceil((bytes + 256) / 4096) * 4096;
  if (each <= host.scratchBytes) return;
  if (host.scratch) release(host, host.scratch);
  host.scratch = allocate(host, each * (host.pool?.threads ?? 1));
  host.scratchBytes = each;
}

/**
 * Runs a kernel over its units, on all threads when there is work for them. Units are independent of
 * each other, so how they are shared out never shows in the result.
 *
 * @param work - Multiply-adds (or numbers moved) a unit, roughly.
 * @param scratch - Bytes of scratch memory a thread needs.
 */
export function run(
  host: Host,
  name: string,
  args: readonly number[],
  units: number,
  work: number,
  scratch = 0,
): void {
  if (units <= 0) return;
  ensureScratch(host, scratch);
  const grain = Math.max(1, Math.ceil(MIN_SHARE / work), Math.ceil(units / MAX_SHARES));
  if (host.pool && grain < units) {
    host.pool.run(host.kernels, name, args, units, grain, host.scratch, host.scratchBytes);
  } else {
    host.kernels[name]!(...args, 0, units, host.scratch);
  }
}

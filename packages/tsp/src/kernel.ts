import { kernelBase64 } from './generated/kernel.ts';

/** The compiled loops of assembly/kernel.ts; all arguments but counts and weights are addresses. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  nearest(
    data: number,
    n: number,
    penalty: number,
    count: number,
    list: number,
    costs: number,
  ): void;
  /** 1 where the matrix holds distances. */
  isValid(data: number, n: number): number;
  spanningTree(
    data: number,
    n: number,
    pi: number,
    open: number,
    key: number,
    parent: number,
    cost: number,
  ): void;
  l1(rows: number, n: number, length: number, weight: number, sums: number): void;
}

const page = 65_536;
let module: WebAssembly.Module | undefined;

/**
 * A kernel with memory of its own, or null where the platform has no WebAssembly SIMD, forbids it (a content
 * security policy without 'wasm-unsafe-eval'), or lacks the memory.
 */
export function createKernel(bytes: number): Kernel | null {
  try {
    module ??= new WebAssembly.Module(
      Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0)),
    );
    const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
    const missing = Math.ceil(bytes / page) - kernel.memory.buffer.byteLength / page;
    if (missing > 0) kernel.memory.grow(missing);
    return kernel;
  } catch {
    return null;
  }
}

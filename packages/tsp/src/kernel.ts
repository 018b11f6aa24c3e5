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
  sparseTree(
    ends: number,
    cost: number,
    count: number,
    pi: number,
    cities: number,
    codes: number,
    first: number,
    second: number,
    places: number,
    above: number,
    degree: number,
    edges: number,
  ): number;
  closeTree(
    weight: number,
    row: number,
    pi: number,
    last: number,
    degree: number,
    ends: number,
  ): number;
  spread(
    degree: number,
    n: number,
    nodes: number,
    moves: number,
    above: number,
    steepest: number,
  ): number;
  move(
    n: number,
    length: number,
    momentum: number,
    steepest: number,
    direction: number,
    pi: number,
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
    reserve(kernel, bytes);
    return kernel;
  } catch {
    return null;
  }
}

/** Makes the memory of a kernel hold that many bytes: views of it may have to be made anew. */
export function reserve({ memory }: Kernel, bytes: number): void {
  const missing = Math.ceil(bytes / page) - memory.buffer.byteLength / page;
  if (missing > 0) memory.grow(missing);
}

/** A kernel that others use later: an ascent is short where there are few cities, and many follow each other. */
export interface Borrowed extends Kernel {
  giveBack(): void;
}

const idle: Kernel[] = [];

/** A kernel whose memory holds what its last user left, or null as for `createKernel`. */
export function borrowKernel(bytes: number): Borrowed | null {
  const kernel = idle.pop() ?? createKernel(0);
  if (!kernel) return null;
  try {
    reserve(kernel, bytes);
  } catch {
    return null;
  }
  return { ...kernel, giveBack: () => idle.push(kernel) };
}

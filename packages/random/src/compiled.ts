import type { Engine } from './engine.ts';
import { kernelBase64 } from './generated/kernel.ts';

interface Kernel {
  memory: WebAssembly.Memory;
  draw(key0: number, key1: number, blockLow: number, blockHigh: number, groups: number): void;
  uniform(count: number, scale: number, low: number, highest: number): void;
  normal(count: number, std: number, mean: number): void;
  sign(count: number, magnitude: number): void;
}

/**
 * The engine in WebAssembly SIMD, or null where the platform has none or forbids it (a content security policy
 * without 'wasm-unsafe-eval'). The module is below the 4 KiB that every browser compiles at once.
 */
export function createCompiledEngine(capacity: number): Engine | null {
  let kernel: Kernel;
  try {
    const bytes = Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0));
    const module = new WebAssembly.Module(bytes);
    kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  } catch {
    return null;
  }
  const { buffer } = kernel.memory;
  return {
    words: new Uint32Array(buffer, 0, capacity),
    floats: new Float32Array(buffer, 0, capacity),
    draw: ([k0, k1], block, blocks) =>
      kernel.draw(k0, k1, block | 0, Math.floor(block / 2 ** 32), Math.ceil(blocks / 8)),
    uniform: kernel.uniform,
    normal: kernel.normal,
    sign: kernel.sign,
  };
}

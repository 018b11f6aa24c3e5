import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from './backend.ts';
import type { Address, Library } from './ffi/library.ts';

/** What one function of libtorch took, all calls together. */
export interface TorchCall {
  /** As 'aten::convolution', or of the library's own C interface, as 'newHandle'. */
  name: string;
  count: number;
  ms: number;
}

/** What `profileTorch` finds. */
export interface TorchProfile {
  /** Milliseconds from start to end, with all that is not libtorch. */
  ms: number;
  /** By function, the costliest first. */
  calls: TorchCall[];
}

type Functions = Record<string, (...args: Address[]) => number>;

/** The zero-terminated text at an address: an op's name, of at most 63 letters. */
function textAt(library: Library, address: Address): string {
  const bytes = new Uint8Array(library.view(address, 64));
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}

/**
 * Says what a function spends in libtorch, call by call; it runs slower meanwhile, by about 0.1 us a call.
 *
 * @param body - Runs at once and to its end; what it starts and does not wait for is not counted.
 * @returns The milliseconds it took, and those of each function of libtorch with the number of its calls.
 * @throws Error when the current backend is not 'torch'.
 * @example
 * ```js
 * const { calls } = profileTorch(() => tf.relu(tf.ones([8])));
 * console.log(calls.some(({ name }) => name === 'aten::relu')); // true
 * ```
 */
export function profileTorch(body: () => void): TorchProfile {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) {
    throw new Error(
      `profileTorch: expected the backend 'torch', found '${tf.getBackend()}'; call tf.setBackend('torch') first.`,
    );
  }
  const { library } = backend.engine;
  const functions = library as unknown as Functions;
  const plain = { ...functions };
  const found = new Map<string, TorchCall>();
  const names = new Map<Address, string>();
  const nameOf = (key: string, address: Address) => {
    if (key !== 'callDispatcher') return key;
    const name = names.get(address) ?? textAt(library, address);
    names.set(address, name);
    return name;
  };
  for (const [key, call] of Object.entries(plain)) {
    if (typeof call !== 'function' || key === 'view') continue;
    functions[key] = (...args) => {
      const start = performance.now();
      const result = call(...args);
      const ms = performance.now() - start;
      const name = nameOf(key, args[0]!);
      const entry = found.get(name) ?? { name, count: 0, ms: 0 };
      entry.count++;
      entry.ms += ms;
      found.set(name, entry);
      return result;
    };
  }
  const start = performance.now();
  try {
    body();
  } finally {
    Object.assign(functions, plain);
  }
  const ms = performance.now() - start;
  return { ms, calls: [...found.values()].sort((a, b) => b.ms - a.ms) };
}

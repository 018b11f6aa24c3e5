import type { LibraryHandle } from 'koffi';

/** Switches of at::Context, one for the whole process. */
export interface Context {
  /** Has ops take a repeatable form; `strict` refuses those that have none. */
  deterministic: (on: boolean, strict: boolean) => void;
  /** Allows TF32 in matrix products and convolutions on a GPU. */
  tf32: (on: boolean) => void;
}

/**
 * The C interface has no such switches: these are methods of the C++ class, called by their mangled names
 * with the object as first argument. Each setting is read back, so that a library of another make is found out.
 */
export function contextOf(torch: LibraryHandle): Context {
  const at = 'uint64';
  const instance = () => torch.func('_ZN2at13globalContextEv', at, [])() as bigint;
  const attempt = (what: string, run: () => boolean) => {
    try {
      if (run()) return;
    } catch {
      // A symbol is missing: told below.
    }
    throw new Error(`registerTorch: this libtorch cannot be told ${what}; leave the option out.`);
  };
  const set = (name: string, ...values: boolean[]) =>
    torch.func(name, 'void', [at, ...values.map(() => 'bool')])(instance(), ...values);
  const get = (name: string) => torch.func(name, 'bool', [at])(instance()) as boolean;
  return {
    deterministic: (on, strict) =>
      attempt('to be deterministic', () => {
        set('_ZN2at7Context26setDeterministicAlgorithmsEbb', on && strict, false);
        // Kernels never read what is unwritten: filling it would cost time alone.
        set('_ZN2at7Context39setDeterministicFillUninitializedMemoryEb', false);
        set('_ZN2at7Context21setDeterministicCuDNNEb', on);
        set('_ZN2at7Context22setDeterministicMkldnnEb', on);
        return get('_ZNK2at7Context23deterministicAlgorithmsEv') === (on && strict);
      }),
    tf32: (on) =>
      attempt('whether to use TF32', () => {
        set('_ZN2at7Context18setAllowTF32CuBLASEb', on);
        set('_ZN2at7Context17setAllowTF32CuDNNEb', on);
        return get('_ZNK2at7Context15allowTF32CuBLASEv') === on;
      }),
  };
}

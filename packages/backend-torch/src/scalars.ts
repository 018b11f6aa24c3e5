import type { ElementType } from './dtype.ts';
import type { Dispatcher, Handle } from './ffi/dispatch.ts';
import type { Library } from './ffi/library.ts';

const limit = 1024;

/** Tensors without dimensions, by their dtype and value. */
export class Scalars {
  readonly #dispatcher: Dispatcher;
  readonly #make: Record<ElementType, (value: number, out: number) => number>;
  readonly #known: Record<ElementType, Map<number, Handle>>;
  #count = 0;

  constructor(library: Library, dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
    this.#make = {
      float32: library.scalarFloat32,
      float64: library.scalarFloat64,
      bfloat16: library.scalarFloat32,
      int32: library.scalarInt32,
      int64: library.scalarInt64,
      bool: library.scalarBool,
    };
    const map = () => new Map<number, Handle>();
    this.#known = {
      float32: map(),
      float64: map(),
      bfloat16: map(),
      int32: map(),
      int64: map(),
      bool: map(),
    };
  }

  get(value: number, dtype: ElementType): Handle | undefined {
    // A map takes -0 for 0.
    return Object.is(value, -0) ? undefined : this.#known[dtype].get(value);
  }

  /** A new one in the processor's memory. */
  make(value: number, dtype: ElementType): Handle {
    this.#dispatcher.check(this.#make[dtype](value, this.#dispatcher.out), 'scalar');
    return this.#dispatcher.result();
  }

  /** Keeps one for all time; false where there are too many: values that change with every step must not pile up. */
  keep(value: number, dtype: ElementType, handle: Handle): boolean {
    if (this.#count >= limit || Object.is(value, -0)) return false;
    this.#known[dtype].set(value, handle);
    this.#count++;
    return true;
  }

  /** Frees all. */
  dispose(free: (handle: Handle) => void): void {
    for (const map of Object.values(this.#known)) {
      for (const handle of map.values()) free(handle);
      map.clear();
    }
    this.#count = 0;
  }
}

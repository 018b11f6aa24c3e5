import type { Handle } from './ffi/dispatch.ts';

/** Tensors that live until the innermost scope ends. */
export class Temporaries {
  readonly #all: Handle[] = [];
  readonly #free: (tensor: Handle) => void;

  constructor(free: (tensor: Handle) => void) {
    this.#free = free;
  }

  protected add(tensor: Handle): Handle {
    this.#all.push(tensor);
    return tensor;
  }

  /** How many live; `release` frees those made since. */
  mark(): number {
    return this.#all.length;
  }

  release(mark: number): void {
    const all = this.#all;
    for (let i = all.length - 1; i >= mark; i--) this.#free(all[i]!);
    all.length = mark;
  }

  /** Frees what `body` has made and not kept. */
  scope<T>(body: () => T): T {
    const mark = this.mark();
    try {
      return body();
    } finally {
      this.release(mark);
    }
  }

  /** Takes a temporary out of its scope: the caller frees it. */
  keep(tensor: Handle): Handle {
    const all = this.#all;
    if (all[all.length - 1] === tensor) {
      all.pop();
      return tensor;
    }
    const index = all.lastIndexOf(tensor);
    if (index < 0) throw new Error('keep: expected a temporary of an open scope, found none such.');
    all.splice(index, 1);
    return tensor;
  }

  free(tensor: Handle): void {
    this.#free(tensor);
  }
}

/** What keeping a heap small takes. */
export interface HeapCalls {
  /** Gives free pages inside the heap back to the system. */
  trim: () => void;
  /** Resident bytes of the process. */
  resident: () => number;
}

/** How many tensors are made between two looks. */
const period = 2048;
/** Resident memory may grow by so many times what tensors took at most. */
const slack = 3;
/** Where giving back does not help, memory is in use: the limit then rises above it. */
const rise = 1.25;

/**
 * Keeps a torn heap from growing.
 *
 * glibc serves tensors of many sizes from one heap and splits their places among smaller ones: with every hundred steps more of
 * it is free, in pieces too small for the next tensor. Giving the free pages back costs as much as writing them once again, which is
 * why it waits until there are many.
 */
export class Heap {
  readonly #calls: HeapCalls;
  readonly #start: number;
  #floor = 0;
  #made = 0;

  constructor(calls: HeapCalls) {
    this.#calls = calls;
    this.#start = calls.resident();
  }

  /** Notes that a tensor was made; `peak` is what all took at most, in bytes. */
  grew(peak: number): void {
    if (++this.#made < period) return;
    this.#made = 0;
    const { resident, trim } = this.#calls;
    const limit = Math.max(this.#start + slack * peak, this.#floor);
    if (resident() <= limit) return;
    trim();
    this.#floor = Math.max(this.#floor, rise * resident());
  }
}

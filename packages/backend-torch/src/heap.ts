/** What keeping a heap small takes. */
export interface HeapCalls {
  /** Gives free pages inside the heap back to the system. */
  trim: () => void;
  /** Resident bytes of the process. */
  resident: () => number;
}

/** How many tensors are made between two looks: two training steps of a ResNet-20, four of a ConvMixer 64/4. */
const period = 512;
/** Looks over which it is seen how much a work needs. */
const looks = 2;
/** Resident memory may grow to so many times what was needed. */
const growth = 1.02;
/** Free pages go back when so much of what tensors take at most is in use. */
const full = 0.95;

/**
 * Keeps a torn heap from growing.
 *
 * glibc serves tensors of many sizes from one heap and splits their places among smaller ones: with every step more of it is free,
 * in pieces too small for the next tensor. Free pages go back to the system as soon as the same work takes somewhat more of them
 * than at first, and while tensors take most: pages that are free then would not have been written again at once.
 */
export class Heap {
  readonly #calls: HeapCalls;
  #made = 0;
  /** Bytes of tensors at most: since the start, in this period, in the last. */
  #peak = 0;
  #high = 0;
  #lastHigh = 0;
  /** Resident bytes at most over the looks that measure; these are left. */
  #level = 0;
  #left = looks;
  #due = false;

  constructor(calls: HeapCalls) {
    this.#calls = calls;
  }

  /** Notes that a tensor was made, and what all of them take now, in bytes. */
  grew(bytes: number): void {
    if (bytes > this.#high) this.#high = bytes;
    if (this.#due && bytes >= full * this.#lastHigh) this.#trim();
    if (++this.#made === period) this.#look();
  }

  #look(): void {
    // The work of this period never took what that of the last did.
    if (this.#due) this.#trim();
    const now = this.#calls.resident();
    if (this.#high > this.#peak) {
      this.#peak = this.#high;
      this.#measure();
    }
    if (this.#left > 0) {
      this.#left--;
      this.#level = Math.max(this.#level, now);
    } else {
      this.#due = now > growth * this.#level;
    }
    this.#made = 0;
    this.#lastHigh = this.#high;
    this.#high = 0;
  }

  #trim(): void {
    this.#due = false;
    this.#calls.trim();
    // Where this did not help, memory is in use: the new level is above the old one.
    this.#measure();
  }

  #measure(): void {
    this.#level = 0;
    this.#left = looks;
  }
}

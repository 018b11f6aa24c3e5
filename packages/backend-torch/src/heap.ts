/** What keeping a heap small takes. */
export interface HeapCalls {
  /** Gives free pages inside the heap back to the system. */
  trim: () => void;
  /** Resident bytes of the process. */
  resident: () => number;
}

/** How many tensors are made between two looks: two training steps of a ResNet-20, four of a ConvMixer 64/4. */
const period = 512;
/** How many between two readings of resident memory. */
const reading = 128;
/** Looks over which it is seen how much a work needs. */
const looks = 2;
/** Free pages go back after 1, 2, 4 and so on looks at a new work, so many at most. */
const beginning = 16;
/** From then on they go back when the work takes so many times the memory it needed. */
const growth = 1.03;
/** Tensors that take so many times what they ever took are a new work. */
const renewal = 1.1;
/** Free pages go back when so much of what tensors take at most is in use. */
const full = 0.95;

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0;

/**
 * Keeps a torn heap from growing.
 *
 * glibc serves tensors of many sizes from one heap and splits their places among smaller ones: the more of it is free, the more often
 * in pieces too small for the next tensor. It is torn most while a work begins. Free pages go back a few times then, while tensors
 * take most: pages that are free at that time would not have been written again at once. Afterwards they go back where the same work
 * takes more of them than it did, which is seldom. Often would cost more than it gives, for the pages are soon taken and cleared again:
 * a step of ResNet-20 took 1.4 times as long where they went back at any growth, once for every look.
 */
export class Heap {
  readonly #calls: HeapCalls;
  #made = 0;
  /** Looks at this work. */
  #looked = 0;
  /** Bytes of tensors at most: since the start, in this period, in the last. */
  #peak = 0;
  #high = 0;
  #lastHigh = 0;
  /** What the work needs, in resident bytes; what looks that measure have found, and how many are left. */
  #level = 0;
  #found = 0;
  #left = looks;
  /** Whether free pages are to go back, and since before this period. */
  #due = false;
  #overdue = false;

  constructor(calls: HeapCalls) {
    this.#calls = calls;
  }

  /** Notes that a tensor was made, and what all of them take now, in bytes. */
  grew(bytes: number): void {
    if (bytes > this.#high) this.#high = bytes;
    if (this.#due && bytes >= full * this.#lastHigh) this.#trim();
    if (++this.#made % reading === 0) this.#read();
    if (this.#made === period) this.#look();
  }

  #read(): void {
    const now = this.#calls.resident();
    if (now > this.#found) this.#found = now;
    const isKnown = this.#left === 0 && this.#high <= this.#peak;
    if (isKnown && now > growth * this.#level) this.#due = true;
  }

  #look(): void {
    // The work of this period never took what that of the last did.
    if (this.#overdue) this.#trim();
    this.#overdue = this.#due;
    if (this.#high > renewal * this.#peak) {
      this.#looked = 0;
      this.#level = 0;
      this.#measure();
    }
    if (this.#high > this.#peak) this.#peak = this.#high;
    this.#looked++;
    if (this.#looked <= beginning && isPowerOfTwo(this.#looked)) this.#due = true;
    if (this.#left > 0 && --this.#left === 0) this.#settle();
    this.#made = 0;
    this.#lastHigh = this.#high;
    this.#high = 0;
  }

  #trim(): void {
    this.#due = false;
    this.#overdue = false;
    this.#calls.trim();
    this.#measure();
  }

  #measure(): void {
    this.#found = 0;
    this.#left = looks;
  }

  /** The level rises where giving pages back did not help: that memory is in use. */
  #settle(): void {
    if (this.#found > growth * this.#level || this.#found < this.#level) this.#level = this.#found;
  }
}

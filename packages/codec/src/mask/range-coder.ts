// A binary range coder (Martin 1979) on a range of 40 to 48 bits, with adaptive Krichevsky-Trofimov odds (1981).
// Every quantity is an integer below 2^53, which doubles hold exactly, and each quotient is floored: the
// quotient of two such integers never rounds up to the next integer, so no engine can differ in a bit.
const top = 2 ** 48;
const bottom = 2 ** 40;
const unit = 2 ** 26;

/** Twice the number of zeros and of ones seen in each context, plus one: the odds of its next bit. */
export type Counts = Float64Array;

/** Counts of contexts that have seen nothing yet. */
export function newCounts(contexts: number): Counts {
  return new Float64Array(2 * contexts).fill(1);
}

/** The probability of a one, in units of 2^-26 (1 .. 2^26 - 1). */
function probabilityOfOne(counts: Counts, context: number): number {
  const ones = counts[2 * context + 1]!;
  const total = ones + counts[2 * context]!;
  if (total < unit) return Math.floor((ones * unit) / total);
  counts[2 * context] = Math.ceil(counts[2 * context]! / 2);
  counts[2 * context + 1] = Math.ceil(ones / 2);
  return probabilityOfOne(counts, context);
}

/** Writes bits, each with the odds its context has by then. */
export class RangeEncoder {
  // low and range, in a typed array because fields that hold doubles are boxed.
  readonly #state = Float64Array.of(0, top);
  #cache = -1;
  #pending = 0;
  #out: Uint8Array = new Uint8Array(256);
  #length = 0;

  /** Writes a bit and counts it in its context. */
  encode(bit: number, context: number, counts: Counts): void {
    const state = this.#state;
    const split = Math.floor(state[1]! / unit) * probabilityOfOne(counts, context);
    counts[2 * context + bit]! += 2;
    if (bit) {
      state[1] = split;
    } else {
      state[0]! += split;
      state[1]! -= split;
    }
    while (state[1]! < bottom) {
      this.#shift();
      state[1]! *= 256;
    }
  }

  #shift(): void {
    const state = this.#state;
    const carry = state[0]! >= top ? 1 : 0;
    if (carry) state[0]! -= top;
    const byte = Math.floor(state[0]! / bottom);
    // A byte can still be raised by a carry, and hands it on when it is 255: it waits.
    if (carry || byte !== 255) this.#release(carry);
    if (byte === 255) this.#pending++;
    else this.#cache = byte;
    state[0] = (state[0]! - byte * bottom) * 256;
  }

  #release(carry: number): void {
    if (this.#cache >= 0) this.#write(this.#cache + carry);
    for (; this.#pending > 0; this.#pending--) this.#write((255 + carry) & 255);
    this.#cache = -1;
  }

  #write(byte: number): void {
    if (this.#length === this.#out.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#out);
      this.#out = larger;
    }
    this.#out[this.#length++] = byte;
  }

  /** Ends the code; zeros at its end are left away, since a decoder reads zeros past the end. */
  finish(): Uint8Array {
    const state = this.#state;
    // Of the values in low .. low + range - 1, the one with the most zeros at its end needs the fewest bytes.
    for (let step = top; step >= 1; step /= 256) {
      const value = Math.ceil(state[0]! / step) * step;
      if (value < state[0]! + state[1]!) {
        state[0] = value;
        break;
      }
    }
    for (let i = 0; i < 7; i++) this.#shift();
    this.#release(0);
    while (this.#length > 0 && this.#out[this.#length - 1] === 0) this.#length--;
    return this.#out.slice(0, this.#length);
  }
}

/** Reads what a RangeEncoder wrote, given the same contexts. */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  #position: number;
  // code and range, see RangeEncoder.
  readonly #state = Float64Array.of(0, top);

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start;
    for (let i = 0; i < 6; i++) this.#shift();
  }

  #shift(): void {
    const position = this.#position++;
    const byte = position < this.#bytes.length ? this.#bytes[position]! : 0;
    this.#state[0] = this.#state[0]! * 256 + byte;
  }

  /** Reads a bit and counts it in its context. */
  decode(context: number, counts: Counts): number {
    const state = this.#state;
    const split = Math.floor(state[1]! / unit) * probabilityOfOne(counts, context);
    const bit = state[0]! < split ? 1 : 0;
    if (bit) {
      state[1] = split;
    } else {
      state[0]! -= split;
      state[1]! -= split;
    }
    counts[2 * context + bit]! += 2;
    while (state[1]! < bottom) {
      this.#shift();
      state[1]! *= 256;
    }
    return bit;
  }

  /** How many bytes lie behind the last one that was looked at. */
  get unread(): number {
    return Math.max(0, this.#bytes.length - this.#position);
  }
}

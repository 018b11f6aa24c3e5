// A binary range coder (Martin 1979; carry by a pending run of 0xff bytes as in Subbotin's and LZMA's) on a range of
// 40 to 48 bits. Every quantity is an integer below 2^53, so doubles hold it exactly; the one division is
// floored, and floor(fl(a / b)) is exact as long as a and b are integers with a < 2^53. No engine can differ.
const top = 2 ** 48;
const bottom = 2 ** 40;

/** Writes bits, each with the odds it is given. */
export class RangeEncoder {
  #low = 0;
  #range = top;
  #cache = -1;
  #pending = 0;
  #out: Uint8Array = new Uint8Array(256);
  #length = 0;

  /** Writes a bit that is 0 : 1 with the odds zeros : ones, positive integers with a sum below 2^39. */
  encode(bit: number, zeros: number, ones: number): void {
    const split = Math.floor(this.#range / (zeros + ones)) * ones;
    if (bit) {
      this.#range = split;
    } else {
      this.#low += split;
      this.#range -= split;
    }
    while (this.#range < bottom) {
      this.#shift();
      this.#range *= 256;
    }
  }

  #shift(): void {
    if (this.#low >= top) {
      this.#emit(1);
      this.#low -= top;
    }
    const byte = Math.floor(this.#low / bottom);
    if (byte === 255) {
      this.#pending++;
    } else {
      this.#emit(0);
      this.#cache = byte;
    }
    this.#low = (this.#low - byte * bottom) * 256;
  }

  /** Releases the bytes held back, now that it is known whether a carry reaches them. */
  #emit(carry: number): void {
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

  /** Ends the code and returns its bytes; zeros at the end are left away, since a decoder reads zeros past the end. */
  finish(): Uint8Array {
    // The value in low .. low + range - 1 with the most zeros at its end needs the fewest bytes.
    for (let unit = top; unit >= 1; unit /= 256) {
      const value = Math.ceil(this.#low / unit) * unit;
      if (value < this.#low + this.#range) {
        this.#low = value;
        break;
      }
    }
    for (let i = 0; i < 6; i++) this.#shift();
    if (this.#low >= top) this.#emit(1);
    else this.#emit(0);
    while (this.#length > 0 && this.#out[this.#length - 1] === 0) this.#length--;
    return this.#out.slice(0, this.#length);
  }
}

/** Reads what a RangeEncoder wrote, given the same odds. */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  #position: number;
  #code = 0;
  #range = top;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start;
    for (let i = 0; i < 6; i++) this.#shift();
  }

  #shift(): void {
    const position = this.#position++;
    this.#code = this.#code * 256 + (position < this.#bytes.length ? this.#bytes[position]! : 0);
  }

  /** Reads a bit written with the same odds. */
  decode(zeros: number, ones: number): number {
    const split = Math.floor(this.#range / (zeros + ones)) * ones;
    const bit = this.#code < split ? 1 : 0;
    if (bit) {
      this.#range = split;
    } else {
      this.#code -= split;
      this.#range -= split;
    }
    while (this.#range < bottom) {
      this.#shift();
      this.#range *= 256;
    }
    return bit;
  }

  /** How many bytes lie behind the last one that was looked at. */
  get unread(): number {
    return Math.max(0, this.#bytes.length - this.#position);
  }
}

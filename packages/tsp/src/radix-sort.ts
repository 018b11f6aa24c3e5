/** Sorts the numbers 0 .. n - 1 by their keys. */
export interface RadixSort {
  /** The keys, to be filled in; finite. */
  readonly keys: Float32Array;
  /** The numbers, least key first, equal keys in their own order; overwritten by the next run. */
  run(): Int32Array;
}

const bits = 11;
const mask = (1 << bits) - 1;

/** A sort for n keys of float32: three passes over digits of eleven bits, whatever the keys (Knuth 1998, 5.2.5). */
export function createRadixSort(n: number): RadixSort {
  const keys = new Float32Array(n);
  const raw = new Int32Array(keys.buffer);
  const codes = new Uint32Array(n);
  const counts = [0, 1, 2].map(() => new Int32Array(mask + 1));
  const first = new Int32Array(n);
  const second = new Int32Array(n);

  function run(): Int32Array {
    const [low, middle, high] = counts as [Int32Array, Int32Array, Int32Array];
    for (const count of counts) count.fill(0);
    for (let i = 0; i < n; i++) {
      // Bits that order as the numbers do: negative ones are turned round, positive ones come after them.
      const bit = raw[i]!;
      const code = (bit ^ ((bit >> 31) | 0x80000000)) >>> 0;
      codes[i] = code;
      low[code & mask]!++;
      middle[(code >>> bits) & mask]!++;
      high[code >>> (2 * bits)]!++;
      first[i] = i;
    }
    pass(first, second, low, 0);
    pass(second, first, middle, bits);
    pass(first, second, high, 2 * bits);
    return second;
  }

  function pass(from: Int32Array, to: Int32Array, count: Int32Array, shift: number): void {
    for (let digit = 0, at = 0; digit <= mask; digit++) {
      const many = count[digit]!;
      count[digit] = at;
      at += many;
    }
    for (let k = 0; k < n; k++) {
      const i = from[k]!;
      to[count[(codes[i]! >>> shift) & mask]!++] = i;
    }
  }
  return { keys, run };
}

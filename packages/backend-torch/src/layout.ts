import type { Address, Library } from './ffi/library.ts';

const maxDims = 16;
const high = 2 ** 32;

/** How many elements a shape has. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; step *= Math.max(1, shape[i--]!)) {
    strides[i] = step;
  }
  return strides;
}

/** Where libtorch reads the sizes and strides of a tensor: 64-bit words, written without a call. */
export class Layout {
  readonly sizes: Address;
  readonly strides: Address;
  readonly #library: Library;
  readonly #sizes: Uint32Array;
  readonly #strides: Uint32Array;
  /** The first of the strides' words, as a double. */
  readonly #double: Float64Array;

  constructor(library: Library) {
    this.#library = library;
    const words = () => {
      const at = library.malloc(maxDims * 8);
      return { at, view: library.view(at, maxDims * 8) };
    };
    const [sizes, strides] = [words(), words()];
    this.sizes = sizes.at;
    this.strides = strides.at;
    this.#sizes = new Uint32Array(sizes.view);
    this.#strides = new Uint32Array(strides.view);
    this.#double = new Float64Array(strides.view, 0, 1);
  }

  /** Writes sizes and strides; throws for sizes that are none. */
  set(shape: readonly number[], strides: readonly number[]): void {
    if (shape.length > maxDims) {
      throw new Error(`torch: expected at most ${maxDims} dimensions, found ${shape.length}.`);
    }
    for (let i = 0; i < shape.length; i++) {
      const size = shape[i]!;
      if (!Number.isSafeInteger(size) || size < 0) {
        throw new Error(`torch: expected sizes to be whole numbers from 0 on, got [${shape}].`);
      }
      write(this.#sizes, i, size);
      write(this.#strides, i, strides[i]!);
    }
  }

  /** Writes paddings to the place of the sizes, the last dimension first, and a value to that of the strides. */
  setPadding(before: readonly number[], after: readonly number[], value: number): void {
    const count = 2 * before.length;
    if (count > maxDims)
      throw new Error(`torch: expected at most ${maxDims / 2} padded dimensions.`);
    for (let i = 0; i < before.length; i++) {
      write(this.#sizes, count - 2 * i - 2, before[i]!);
      write(this.#sizes, count - 2 * i - 1, after[i]!);
    }
    this.#double[0] = value;
  }

  /** The words at an address, as many as a tensor has dimensions. */
  read(address: Address, dims: number): number[] {
    if (dims === 0) return [];
    this.#library.copy(this.sizes, address, dims * 8);
    const words = this.#sizes;
    return Array.from({ length: dims }, (_, i) => words[2 * i]! + words[2 * i + 1]! * high);
  }
}

/** Both halves of a whole number, two's complement: a typed array takes what is beyond 32 bits off by itself. */
function write(words: Uint32Array, index: number, value: number): void {
  words[2 * index] = value;
  words[2 * index + 1] = Math.floor(value / high);
}

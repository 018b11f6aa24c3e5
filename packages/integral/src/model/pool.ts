import * as tf from '@tensorflow/tfjs';

/** A matrix in memory, row-major. */
export interface DenseMatrix {
  shape: [rows: number, columns: number];
  values: Float32Array;
}

interface Entry {
  tensor: tf.Tensor2D;
  /** The group whose positions of now it is made of, where these will not come again. */
  passing: readonly string[];
  used: number;
}

/**
 * The matrices of an integral model as tensors, by what they are made of: equal groups share them, and a width that comes
 * again finds its own. Those of equally spaced positions stay, up to some memory; others go when their group moves.
 */
export class MatrixPool {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #bytes = 0;
  #clock = 0;

  /** @param limit Bytes of matrices that stay although no group needs them. */
  constructor(limit: number = 64 * 2 ** 20) {
    this.#limit = limit;
  }

  /**
   * @param key what the matrix is made of
   * @param passing ids of groups among that whose positions will not come again
   * @param make makes it where it is not there
   */
  get(key: string, passing: readonly string[], make: () => DenseMatrix): tf.Tensor2D {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { shape, values } = make();
      entry = { tensor: tf.keep(tf.tensor2d(values, shape)), passing, used: 0 };
      this.#entries.set(key, entry);
      this.#bytes += 4 * entry.tensor.size;
    }
    entry.used = ++this.#clock;
    return entry.tensor;
  }

  /** A group has moved: what was made of its passing positions goes. */
  leave(id: string): void {
    for (const [key, { passing }] of this.#entries) if (passing.includes(id)) this.#drop(key);
  }

  /** Frees what is beyond the limit, the longest unused first. Not within a pass: its gradient reads its matrices again. */
  trim(): void {
    if (this.#bytes <= this.#limit) return;
    const oldest = [...this.#entries].sort(([, a], [, b]) => a.used - b.used);
    for (const [key] of oldest) {
      if (this.#bytes <= this.#limit) return;
      this.#drop(key);
    }
  }

  /** Frees all. */
  clear(): void {
    for (const key of [...this.#entries.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    const { tensor } = this.#entries.get(key) as Entry;
    this.#bytes -= 4 * tensor.size;
    tensor.dispose();
    this.#entries.delete(key);
  }
}

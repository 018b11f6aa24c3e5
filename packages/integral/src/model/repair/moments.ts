import { solveInPlace } from '../cholesky.ts';

/** Sums in float64 over rows of two kinds of features of the same samples: what least squares needs of them. */
export class Moments {
  readonly #from: number;
  readonly #to: number;
  readonly #gram: Float64Array;
  readonly #cross: Float64Array;
  readonly #fromSum: Float64Array;
  readonly #toSum: Float64Array;
  #rows = 0;

  /**
   * @param from features there are
   * @param to features that are to be told from them
   */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
    this.#gram = new Float64Array(from * from);
    this.#cross = new Float64Array(from * to);
    this.#fromSum = new Float64Array(from);
    this.#toSum = new Float64Array(to);
  }

  /** Adds one sample: [from] and [to] features. */
  add(a: Float64Array, b: Float64Array): void {
    const from = this.#from;
    const to = this.#to;
    const gram = this.#gram;
    const cross = this.#cross;
    this.#rows++;
    for (let j = 0; j < to; j++) this.#toSum[j] = this.#toSum[j]! + b[j]!;
    for (let i = 0; i < from; i++) {
      const own = a[i]!;
      // Rectified features are zero half of the time.
      if (own === 0) continue;
      this.#fromSum[i] = this.#fromSum[i]! + own;
      const row = i * from;
      for (let j = i; j < from; j++) gram[row + j] = gram[row + j]! + own * a[j]!;
      const across = i * to;
      for (let j = 0; j < to; j++) cross[across + j] = cross[across + j]! + own * b[j]!;
    }
  }

  /**
   * The matrix R [from, to] and constants c [to] that make c + R^T a the best guess of b, in squared error plus
   * ridge x (mean square of the features) x |R - prior|^2 a sample: the normal equations, solved by Cholesky.
   *
   * @param prior [from, to]
   * @param ridge at least 0; with 0 the features must be independent
   * @param constant whether there may be constants
   */
  fit(
    prior: Float64Array,
    ridge: number,
    constant: boolean,
  ): { matrix: Float64Array; constants: Float64Array } {
    const n = this.#from;
    const m = this.#to;
    const rows = Math.max(1, this.#rows);
    const mean = (sums: Float64Array) => sums.map((sum) => (constant ? sum / rows : 0));
    const [a, b] = [mean(this.#fromSum), mean(this.#toSum)];
    const gram = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const value = this.#gram[i * n + j]! / rows - a[i]! * a[j]!;
        gram[i * n + j] = value;
        gram[j * n + i] = value;
      }
    }
    // What the prior leaves unexplained.
    const right = new Float64Array(n * m);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) right[i * m + j] = this.#cross[i * m + j]! / rows - a[i]! * b[j]!;
      for (let k = 0; k < n; k++) {
        const factor = gram[i * n + k]!;
        if (factor === 0) continue;
        for (let j = 0; j < m; j++) {
          right[i * m + j] = right[i * m + j]! - factor * prior[k * m + j]!;
        }
      }
    }
    let trace = 0;
    for (let i = 0; i < n; i++) trace += gram[i * n + i]!;
    for (let i = 0; i < n; i++) gram[i * n + i] = gram[i * n + i]! + (ridge * trace) / n;
    solveInPlace(gram, right, n, m);
    const matrix = right.map((value, i) => value + prior[i]!);
    const constants = b.map((value, j) => {
      let sum = value;
      for (let i = 0; i < n; i++) sum -= a[i]! * matrix[i * m + j]!;
      return constant ? sum : 0;
    });
    return { matrix, constants };
  }
}

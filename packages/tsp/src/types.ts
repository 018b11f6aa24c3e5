/** How `solve` searches. */
export interface SolveOptions {
  /** Whether the way back to the first city counts: a tour; otherwise an open path. Default false. */
  closed?: boolean;
  /** Seed of the kicks. Default 0. */
  seed?: number;
  /** How many kicks to try. Default 100 a city; without limit when only `timeLimit` is given. */
  kicks?: number;
  /** Seconds after which to stop, whatever was reached; results then depend on the machine. */
  timeLimit?: number;
  /** Milliseconds that `timeLimit` counts by, such as processor time. Default `performance.now`. */
  clock?: () => number;
  /** Called about every 1,000 kicks. */
  onProgress?: (progress: SolveProgress) => void;
}

/** Where a search stands. */
export interface SolveProgress {
  kicks: number;
  length: number;
  lowerBound: number;
}

/** A short path or tour and how short any could be. */
export interface SolveResult {
  /** The cities in the order found, each once. */
  order: Int32Array;
  /** Length of that order. */
  length: number;
  /** Certificate: no order is shorter (a Held-Karp bound, or the optimum itself up to 12 cities). */
  lowerBound: number;
  /** (length - lowerBound) / lowerBound; 0 when the order is proven optimal. */
  gap: number;
  /** Length of the order 0, 1, 2, ... */
  identityLength: number;
  /** Kicks tried. */
  kicks: number;
}

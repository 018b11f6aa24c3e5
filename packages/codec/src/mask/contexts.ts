import type { Geometry } from './geometry.ts';
import { contextsOf, type MaskModel } from './model.ts';

const longestRun = 4096;

/** A piece of a row, short enough that its contexts fit a buffer. */
export interface Run {
  start: number;
  length: number;
  row: number;
  column: number;
}

/** Computes the contexts of a model, a run of weights at a time. */
export class Contexts {
  readonly count: number;
  /** How many zeros must lie in front of a mask's bits, for the lags that reach before its beginning. */
  readonly margin: number;
  /** The contexts of the current run. */
  readonly current: Uint16Array;
  /** Lags that reach into the run itself, with the place of their bit in the context. */
  readonly near: { lag: number; shift: number }[] = [];
  /** The lag into the reference filter for each filter, or null. */
  readonly references: Uint32Array | null;
  readonly referenceShift: number;
  readonly #far: { lag: number; shift: number }[] = [];
  readonly #geometry: Geometry;
  readonly #run: number;
  readonly #runsInRow: number;
  /** What classes and references add for each filter; null when nothing. */
  readonly #ofFilter: Uint16Array | null;
  /** Classes known beforehand and what each adds; null when there are none. */
  readonly #hints: { classes: Uint8Array; weight: number } | null;
  readonly #ofRow: { classes: Uint8Array; divisor: number; modulus: number; weight: number }[] = [];

  constructor(model: MaskModel, geometry: Geometry) {
    const { rows, inputs, filters } = geometry;
    this.#geometry = geometry;
    this.count = contextsOf(model);
    this.margin = Math.max(0, ...model.lags);
    this.#run = Math.min(filters, longestRun);
    this.#runsInRow = Math.ceil(filters / this.#run);
    this.current = new Uint16Array(this.#run);
    for (const [shift, lag] of model.lags.entries()) {
      (lag < this.#run ? this.near : this.#far).push({ lag, shift });
    }
    let weight = 2 ** model.lags.length;
    const perFilter = model.references || model.maps.some(({ axis }) => axis === 'filters');
    const ofFilter = perFilter ? new Uint16Array(filters) : new Uint16Array(0);
    this.#ofFilter = perFilter ? ofFilter : null;
    this.references = model.references;
    this.referenceShift = model.lags.length;
    if (model.references) {
      const known = 2 * weight;
      model.references.forEach((distance, i) => {
        if (distance) ofFilter[i] = known;
      });
      weight *= 4;
    }
    for (const { axis, classes, count } of model.maps) {
      if (axis === 'filters') {
        for (let i = 0; i < filters; i++) ofFilter[i]! += classes[i]! * weight;
      } else {
        const divisor = axis === 'taps' ? inputs : 1;
        const modulus = axis === 'inputs' ? inputs : rows;
        this.#ofRow.push({ classes, divisor, modulus, weight });
      }
      weight *= count;
    }
    this.#hints = model.hints && { classes: model.hints.classes, weight };
  }

  /** How many runs the mask has; they follow each other in row-major order. */
  get runs(): number {
    return this.#geometry.rows * this.#runsInRow;
  }

  /** One of the runs. */
  run(index: number): Run {
    const { filters } = this.#geometry;
    const row = Math.floor(index / this.#runsInRow);
    const column = (index - row * this.#runsInRow) * this.#run;
    const length = Math.min(this.#run, filters - column);
    return { start: row * filters + column, length, row, column };
  }

  /**
   * Fills `current` for the run whose first bit is `bits[at]`, leaving out what near lags and references add.
   * In front of the mask `bits` has at least `margin` zeros.
   */
  fill(bits: Uint8Array, at: number, { start, length, row, column }: Run): void {
    const { current } = this;
    const hints = this.#hints;
    let base = 0;
    for (const { classes, divisor, modulus, weight } of this.#ofRow) {
      base += classes[Math.floor(row / divisor) % modulus]! * weight;
    }
    const ofFilter = this.#ofFilter;
    if (!ofFilter) current.fill(base, 0, length);
    else for (let i = 0; i < length; i++) current[i] = base + ofFilter[column + i]!;
    if (hints) {
      const { classes, weight } = hints;
      for (let i = 0; i < length; i++) current[i]! += classes[start + i]! * weight;
    }
    for (const { lag, shift } of this.#far) this.#addLag(bits, at - lag, length, shift);
  }

  /** Adds to `current` what near lags and references say, for one who knows all bits of the run. */
  addNear(bits: Uint8Array, at: number, { length, column }: Run): void {
    const { current, references, referenceShift } = this;
    for (const { lag, shift } of this.near) this.#addLag(bits, at - lag, length, shift);
    if (!references) return;
    for (let i = 0; i < length; i++) {
      const distance = references[column + i]!;
      if (distance) current[i]! += bits[at + i - distance]! << referenceShift;
    }
  }

  #addLag(bits: Uint8Array, from: number, length: number, shift: number): void {
    const { current } = this;
    for (let i = 0; i < length; i++) current[i]! += bits[from + i]! << shift;
  }
}

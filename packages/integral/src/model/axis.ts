import type { ChannelSlot } from '@pleat/channels';
import * as tf from '@tensorflow/tfjs';
import { type SparseMatrix, toDense } from '../interpolation/basis.ts';
import type { IntegralGroup } from './group.ts';
import { leastSquaresInverse } from './inverse.ts';
import { type MatrixUse, weighted } from './matrices.ts';
import { type Factor, multiplyFixed, multiplyLearned } from './multiply.ts';
import { multiplyAxis, multiplyTwoAxes } from './multiply-axis.ts';
import type { DenseMatrix } from './pool.ts';

/** Where one group lies in an axis of a weight. */
export interface AxisPart {
  group: IntegralGroup;
  slot: ChannelSlot;
  use: MatrixUse;
  /** A factor on the sampled weight that depends on the size, such as attention's scale. */
  factor?: (size: number) => number;
}

/**
 * How one group's channels lie along an axis: channel after channel (`plain`), all channels again and again (`blocks`: the
 * pixels of a flattened image), each channel's positions together (`runs`); `mixed` is anything else, such as concatenations.
 */
type Form = 'plain' | 'blocks' | 'runs' | 'mixed';

function formOf(parts: readonly AxisPart[]): Form {
  const [only] = parts;
  if (only === undefined || parts.length > 1) return 'mixed';
  const { group, slot } = only;
  const { each, positions } = slot;
  const lies = (place: (channel: number, k: number) => number) =>
    positions.every((p, i) => p === place(Math.floor(i / each), i % each));
  if (each === 1) return lies((channel) => channel) ? 'plain' : 'mixed';
  if (lies((channel, k) => k * group.count + channel)) return 'blocks';
  return lies((channel, k) => channel * each + k) ? 'runs' : 'mixed';
}

/** Where the samples of an axis's parts go: which old position each stands next to. */
interface Order {
  /** Length of the sampled axis. */
  length: number;
  /** For each part, the new positions of its samples: [size, each] row-major. */
  positions: Int32Array[];
}

/** The channel whose place a sample takes: the places of the last channels go first, and more samples follow the last. */
const anchor = (sample: number, count: number): number => Math.min(sample, count - 1);

/** Samples stand in the order of the channels whose places they take, so that pixels stay with pixels, parts with parts. */
function orderOf(parts: readonly AxisPart[], form: Form): Order {
  if (form === 'runs') {
    // A head keeps its dims together, also one that follows the last.
    const { group, slot } = parts[0] as AxisPart;
    const length = group.size * slot.each;
    return { length, positions: [Int32Array.from({ length }, (_, i) => i)] };
  }
  const entries = parts.flatMap(({ group, slot }, part) => {
    const { each, positions } = slot;
    return Array.from({ length: group.size * each }, (_, i) => {
      const sample = Math.floor(i / each);
      const at = anchor(sample, group.count) * each + (i % each);
      return { part, i, sample, old: positions[at] as number };
    });
  });
  entries.sort((a, b) => a.old - b.old || a.sample - b.sample);
  const found = parts.map(({ group, slot }) => new Int32Array(group.size * slot.each));
  entries.forEach(({ part, i }, position) => {
    (found[part] as Int32Array)[i] = position;
  });
  return { length: entries.length, positions: found };
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The most numbers in a matrix that covers an axis of several parts; beyond it each part is multiplied by its own. */
const largestMatrix = 2 ** 21;

/** A part's own matrix, of positions that stay or are learned. */
function matrixOf({ group, use, factor }: AxisPart): tf.Tensor2D {
  const { live } = group;
  if (live === null) return group.tensor(use, factor?.(group.size));
  const scale = factor?.(group.size) ?? 1;
  return scale === 1 ? live[use] : (live[use].mul(scale) as tf.Tensor2D);
}

let layouts = 0;

/** One axis of one weight of an integral layer, and how it is sampled. */
export class AxisSampler {
  readonly axis: number;
  readonly parts: readonly AxisPart[];
  readonly #form: Form;
  /** Tells its arrangement of channels from every other, where the groups alone do not. */
  readonly #layout: number;

  constructor(axis: number, parts: readonly AxisPart[]) {
    this.axis = axis;
    this.parts = parts;
    this.#form = formOf(parts);
    this.#layout = layouts++;
  }

  get whole(): boolean {
    return this.parts.every(({ group }) => group.whole);
  }

  /** Where each part's samples stand in the sampled axis: [size, each] row-major, as `slot.positions` are before sampling. */
  places(): Int32Array[] {
    return orderOf(this.parts, this.#form).positions;
  }

  /** The axis's length when sampled, where it alone divides the axis. */
  get length(): number {
    return this.parts.reduce((sum, { group, slot }) => sum + group.size * slot.each, 0);
  }

  /**
   * The length that comes of an axis's length of now: heads take along whatever dims there are within them.
   * @param back From samples to coefficients.
   */
  lengthFrom(now: number, back = false): number {
    const [only] = this.parts as [AxisPart];
    const { count, size } = only.group;
    if (!this.flat) return back ? (now / size) * count : (now / count) * size;
    if (!back) return this.length;
    return this.parts.reduce((sum, { group, slot }) => sum + group.count * slot.each, 0);
  }

  /** The axis and the one matrix that samples it, which stays as it is; null where it is learned or of too many parts. */
  fixed(shape: readonly number[]): Factor | null {
    if (this.parts.some(({ group }) => group.live !== null)) return null;
    if (this.#form === 'mixed') {
      const cells = this.length * (shape[this.axis] as number);
      return cells > largestMatrix ? null : this.#factor(shape, this.tensor());
    }
    const { group, use, factor } = this.parts[0] as AxisPart;
    return this.#factor(shape, group.tensor(use, factor?.(group.size)));
  }

  /** The sampled tensor; differentiable in it and in positions being learned. */
  sample(x: tf.Tensor): tf.Tensor {
    const { axis, parts } = this;
    const { shape } = x;
    if (this.#form !== 'mixed') {
      const part = parts[0] as AxisPart;
      return multiplyLearned(x, this.#factor(shape, matrixOf(part)));
    }
    const pieces = parts.map((part) => {
      const { group, slot } = part;
      const own = x.gather(tf.tensor1d(slot.positions, 'int32'), axis);
      const from = own.shape;
      const to = from.map((size, i) => (i === axis ? group.size * slot.each : size));
      const view = [...from.slice(0, axis), group.count, slot.each, ...from.slice(axis + 1)];
      const factor = { from, to, view, axis, matrix: matrixOf(part) };
      return group.live === null ? multiplyFixed(own, [factor]) : multiplyLearned(own, factor);
    });
    const { length, positions } = orderOf(parts, this.#form);
    const from = new Int32Array(length);
    let before = 0;
    for (const part of positions) {
      part.forEach((position, i) => {
        from[position] = before + i;
      });
      before += part.length;
    }
    return tf.concat(pieces, axis).gather(tf.tensor1d(from, 'int32'), axis);
  }

  /** All parts as one matrix [sampled length, length of the axis] of the pool, by their own uses or one for all. */
  tensor(use?: MatrixUse): tf.Tensor2D {
    return this.pooled(`${use}`, () => {
      const matrix = this.matrix(use);
      return {
        shape: [matrix.rows, matrix.cols],
        values: Float32Array.from(toDense(matrix)),
      };
    });
  }

  /** A matrix of the pool that is made of what samples this axis. */
  pooled(what: string, make: () => DenseMatrix): tf.Tensor2D {
    const groups = this.parts.map(({ group }) => group);
    const passing = groups.filter(({ lasting }) => !lasting).map(({ id }) => id);
    const keys = groups.map(({ key }) => key);
    // A plain axis is told by its group alone, so that all norms of a group share what they need.
    const layout = this.#form === 'plain' ? `plain/${this.parts[0]?.use}` : this.#layout;
    const { pool } = groups[0] as IntegralGroup;
    return pool.get(`${layout}/${what}/${keys.join('/')}`, passing, make);
  }

  #factor(from: readonly number[], matrix: tf.Tensor2D): Factor {
    const { axis } = this;
    const now = from[axis] as number;
    const to = from.map((size, i) => (i === axis ? this.lengthFrom(now) : size));
    if (this.flat) return { from, to, view: from, axis, matrix };
    const { count } = (this.parts[0] as AxisPart).group;
    const [before, after] = [from.slice(0, axis), from.slice(axis + 1)];
    return this.#form === 'blocks'
      ? { from, to, view: [...before, now / count, count, ...after], axis: axis + 1, matrix }
      : { from, to, view: [...before, count, now / count, ...after], axis, matrix };
  }

  /** An array seen as [outer, channels, inner], and the matrix of its channels; they are coefficients or samples. */
  #laidOut(shape: readonly number[], channels: 'count' | 'size') {
    const outer = product(shape.slice(0, this.axis));
    const inner = product(shape.slice(this.axis + 1));
    if (this.flat) return { outer, inner, matrix: this.matrix() };
    const { group, use, factor } = this.parts[0] as AxisPart;
    const own = group.matrices()[use];
    const scale = factor?.(group.size) ?? 1;
    const matrix = scale === 1 ? own : weighted(own, new Float64Array(own.rows).fill(scale));
    const each = (shape[this.axis] as number) / group[channels];
    return this.#form === 'blocks'
      ? { outer: outer * each, inner, matrix }
      : { outer, inner: inner * each, matrix };
  }

  /** The same over a plain array, for extraction. */
  sampleArray(values: Float32Array, shape: readonly number[]): Float32Array {
    const { outer, inner, matrix } = this.#laidOut(shape, 'count');
    return multiplyAxis(values, outer, inner, matrix);
  }

  /** Whether one matrix is all there is to it, so that `sampleTwo` may be asked. */
  get flat(): boolean {
    return this.#form === 'plain' || this.#form === 'mixed';
  }

  /** The same along this axis and the one after it, which is the last; both are flat. */
  sampleTwo(values: Float32Array, shape: readonly number[], last: AxisSampler): Float32Array {
    const outer = product(shape.slice(0, this.axis));
    return multiplyTwoAxes(values, outer, this.matrix(), last.matrix());
  }

  /** The coefficients [.., length of the axis, ..] whose samples come nearest to values [.., sampled length, ..]. */
  fitArray(values: Float64Array, shape: readonly number[]): Float64Array {
    const { outer, inner, matrix } = this.#laidOut(shape, 'size');
    const inverse = leastSquaresInverse(matrix);
    const { rows, cols } = matrix;
    const out = new Float64Array(outer * cols * inner);
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < cols; c++) {
        for (let r = 0; r < rows; r++) {
          const factor = inverse[c * rows + r]!;
          const target = (o * cols + c) * inner;
          const source = (o * rows + r) * inner;
          for (let j = 0; j < inner; j++) {
            out[target + j] = out[target + j]! + factor * values[source + j]!;
          }
        }
      }
    }
    return out;
  }

  /** All parts as one sparse matrix [sampled length, length of the axis], by their own uses or one for all. */
  matrix(use?: MatrixUse): SparseMatrix {
    const [only] = this.parts;
    if (only !== undefined && this.#form === 'plain' && only.factor === undefined) {
      return only.group.matrices()[use ?? only.use];
    }
    const { length, positions } = orderOf(this.parts, this.#form);
    const rows: { columns: number[]; values: number[] }[] = new Array(length);
    this.parts.forEach(({ group, slot, use: own, factor }, part) => {
      const { starts, columns, values } = group.matrices()[use ?? own];
      const scale = factor?.(group.size) ?? 1;
      const { each } = slot;
      (positions[part] as Int32Array).forEach((position, i) => {
        const row = Math.floor(i / each);
        const from = starts[row] as number;
        const to = starts[row + 1] as number;
        rows[position] = {
          columns: Array.from(columns.subarray(from, to), (channel) => {
            return slot.positions[channel * each + (i % each)] as number;
          }),
          values: Array.from(values.subarray(from, to), (value) => value * scale),
        };
      });
    });
    const starts = Int32Array.from({ length: length + 1 });
    rows.forEach((row, r) => {
      starts[r + 1] = (starts[r] as number) + row.columns.length;
    });
    return {
      rows: length,
      cols: this.parts.reduce((sum, { slot }) => sum + slot.positions.length, 0),
      starts,
      columns: Int32Array.from(rows.flatMap(({ columns }) => columns)),
      values: Float64Array.from(rows.flatMap(({ values }) => values)),
    };
  }
}

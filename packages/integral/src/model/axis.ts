import type { ChannelSlot } from '@pleat/channels';
import * as tf from '@tensorflow/tfjs';
import type { SparseMatrix } from '../interpolation/basis.ts';
import type { IntegralGroup } from './group.ts';
import { leastSquaresInverse } from './inverse.ts';
import type { MatrixUse } from './matrices.ts';
import { multiplyAxis, multiplyTwoAxes } from './multiply-axis.ts';

/** Where one group lies in an axis of a weight. */
export interface AxisPart {
  group: IntegralGroup;
  slot: ChannelSlot;
  use: MatrixUse;
  /** A factor on the sampled weight that depends on the size, such as attention's scale. */
  factor?: (size: number) => number;
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
function orderOf(parts: readonly AxisPart[]): Order {
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

/** A plain axis is one group, channel after channel: nothing needs to be gathered. */
function isPlain(parts: readonly AxisPart[]): boolean {
  const slot = parts[0]?.slot;
  return parts.length === 1 && slot?.each === 1 && slot.positions.every((p, i) => p === i);
}

/** Multiplies an axis of a tensor by a matrix [rows, size of the axis]. */
function along(x: tf.Tensor, axis: number, matrix: tf.Tensor2D): tf.Tensor {
  const last = x.rank - 1;
  const size = x.shape[axis] as number;
  const rows = matrix.shape[0];
  if (axis === last) {
    const out = tf.matMul(x.reshape([-1, size]) as tf.Tensor2D, matrix, false, true);
    return out.reshape([...x.shape.slice(0, last), rows]);
  }
  if (product(x.shape.slice(0, axis)) === 1) {
    const out = tf.matMul(matrix, x.reshape([size, -1]) as tf.Tensor2D);
    return out.reshape([...x.shape.slice(0, axis), rows, ...x.shape.slice(axis + 1)]);
  }
  // The axis to the front and back: tfjs has no gradient of a matrix broadcast over a batch of products.
  const order = [axis, ...Array.from({ length: x.rank }, (_, i) => i).filter((i) => i !== axis)];
  const back = order.map((_, i) => order.indexOf(i));
  const front = x.transpose(order);
  const out = tf.matMul(matrix, front.reshape([size, -1]) as tf.Tensor2D);
  return out.reshape([rows, ...front.shape.slice(1)]).transpose(back);
}

/** One axis of one weight of an integral layer, and how it is sampled. */
export class AxisSampler {
  readonly axis: number;
  readonly parts: readonly AxisPart[];

  constructor(axis: number, parts: readonly AxisPart[]) {
    this.axis = axis;
    this.parts = parts;
  }

  get whole(): boolean {
    return this.parts.every(({ group }) => group.whole);
  }

  /** Where each part's samples stand in the sampled axis: [size, each] row-major, as `slot.positions` are before sampling. */
  places(): Int32Array[] {
    return orderOf(this.parts).positions;
  }

  /** The axis's length when sampled. */
  get length(): number {
    return this.parts.reduce((sum, { group, slot }) => sum + group.size * slot.each, 0);
  }

  /** The sampled tensor, by the parts' own matrices or those of one use; differentiable in it and in positions being learned. */
  sample(x: tf.Tensor, use?: MatrixUse): tf.Tensor {
    const { axis, parts } = this;
    const sampled = parts.map((part) => {
      const matrix = part.group.tensors()[use ?? part.use];
      const factor = part.factor?.(part.group.size) ?? 1;
      return factor === 1 ? matrix : (matrix.mul(factor) as tf.Tensor2D);
    });
    if (isPlain(parts)) return along(x, axis, sampled[0] as tf.Tensor2D);
    const pieces = parts.map(({ group, slot }, i) => {
      const own = x.gather(tf.tensor1d(slot.positions, 'int32'), axis);
      const split = own.reshape([
        ...x.shape.slice(0, axis),
        group.count,
        slot.each,
        ...x.shape.slice(axis + 1),
      ]);
      const out = along(split, axis, sampled[i] as tf.Tensor2D);
      return out.reshape([
        ...x.shape.slice(0, axis),
        group.size * slot.each,
        ...x.shape.slice(axis + 1),
      ]);
    });
    const { length, positions } = orderOf(parts);
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

  /** The same over a plain array, for extraction. */
  sampleArray(values: Float32Array, shape: readonly number[]): Float32Array {
    const outer = product(shape.slice(0, this.axis));
    const inner = product(shape.slice(this.axis + 1));
    return multiplyAxis(values, outer, inner, this.#matrix());
  }

  /** The same along this axis and the one after it, which is the last. */
  sampleTwo(values: Float32Array, shape: readonly number[], last: AxisSampler): Float32Array {
    const outer = product(shape.slice(0, this.axis));
    return multiplyTwoAxes(values, outer, this.#matrix(), last.#matrix());
  }

  /** The coefficients [.., length of the axis, ..] whose samples come nearest to values [.., sampled length, ..]. */
  fitArray(values: Float64Array, shape: readonly number[]): Float64Array {
    const outer = product(shape.slice(0, this.axis));
    const inner = product(shape.slice(this.axis + 1));
    const matrix = this.#matrix();
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

  /** All parts as one sparse matrix [sampled length, length of the axis]. */
  #matrix(): SparseMatrix {
    const [only] = this.parts;
    if (only !== undefined && isPlain(this.parts) && only.factor === undefined) {
      return only.group.matrices()[only.use];
    }
    const { length, positions } = orderOf(this.parts);
    const rows: { columns: number[]; values: number[] }[] = new Array(length);
    this.parts.forEach(({ group, slot, use: own, factor }, part) => {
      const { starts, columns, values } = group.matrices()[own];
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

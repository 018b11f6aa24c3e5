import { compiledL1, type L1Sums, portableL1 } from './l1.ts';
import type { SquareMatrix } from './matrix.ts';

/** A tensor with the channels that are to be ordered along one of its axes. */
export interface Slices {
  /** The values, row-major. */
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** The axis the channels lie along. Default 0. */
  readonly axis?: number;
}

/**
 * What a tensor's differences count: `'per-tensor'` divides by its number of weights, so that each tensor has the
 * same say; `'per-weight'` gives each weight the same say; or one factor a tensor.
 */
export type SliceWeights = 'per-tensor' | 'per-weight' | readonly number[];

interface Layout {
  outer: number;
  channels: number;
  inner: number;
}

function layoutOf({ data, shape, axis = 0 }: Slices, index: number): Layout {
  const fault = (text: string): RangeError =>
    new RangeError(`distanceMatrix: tensor ${index} ${text}.`);
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw fault(`of shape [${shape.join(', ')}] has no axis ${axis}`);
  }
  if (product(shape) !== data.length) {
    throw fault(
      `of shape [${shape.join(', ')}] has ${product(shape)} values; data holds ${data.length}`,
    );
  }
  return {
    outer: product(shape.slice(0, axis)),
    channels: shape[axis]!,
    inner: product(shape.slice(axis + 1)),
  };
}

function factors(slices: readonly Slices[], weights: SliceWeights): readonly number[] {
  if (weights === 'per-tensor') return slices.map(({ data }) => 1 / Math.max(1, data.length));
  if (weights === 'per-weight') return slices.map(() => 1);
  if (weights.length !== slices.length) {
    throw new RangeError(
      `distanceMatrix: ${slices.length} tensors take as many weights; there are ${weights.length}.`,
    );
  }
  for (const [index, weight] of weights.entries()) {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `distanceMatrix: weight ${index} is ${weight}; weights are finite and not negative.`,
      );
    }
  }
  return weights;
}

/** Brings every channel's values into a row, a chunk of columns at a time. */
function addTensor(target: L1Sums, data: Float32Array, layout: Layout, weight: number): void {
  const { outer, channels, inner } = layout;
  const { chunk, length } = target;
  const columns = outer * inner;
  for (let from = 0; from < columns; from += length) {
    const to = Math.min(from + length, columns);
    if (to - from < length) chunk.fill(0);
    if (inner === 1) {
      // The channel axis is last: neighbours in memory are channels.
      for (let column = from; column < to; column++) {
        for (let c = 0; c < channels; c++) {
          chunk[c * length + column - from] = data[column * channels + c]!;
        }
      }
    } else {
      for (let column = from; column < to; ) {
        const start = column % inner;
        const run = Math.min(inner - start, to - column);
        const base = ((column - start) / inner) * channels * inner + start;
        for (let c = 0; c < channels; c++) {
          const at = base + c * inner;
          chunk.set(data.subarray(at, at + run), c * length + column - from);
        }
        column += run;
      }
    }
    target.add(weight);
  }
}

/**
 * Distances between the channels of a coupled group: the L1 distance of their slices, summed over the
 * group's tensors with a weight each.
 *
 * @param slices tensors with equally many channels, each along its own axis
 * @param weights `'per-tensor'` (the default), `'per-weight'`, or one factor a tensor
 * @returns a symmetric float32 matrix, zero diagonal, ready for `solve`
 * @throws RangeError when shapes do not fit or a value is not finite
 *
 * @example
 * const data = Float32Array.of(0, 1, 4, 6); // two channels of two weights
 * distanceMatrix([{ data, shape: [2, 2] }], 'per-weight').data[1]; // 9
 */
export function distanceMatrix(
  slices: readonly Slices[],
  weights: SliceWeights = 'per-tensor',
): SquareMatrix {
  const layouts = slices.map(layoutOf);
  const n = layouts[0]?.channels ?? 0;
  const odd = layouts.findIndex(({ channels }) => channels !== n);
  if (n < 1 || odd >= 0) {
    throw new RangeError(
      n < 1
        ? 'distanceMatrix: there must be a tensor, with a channel.'
        : `distanceMatrix: tensor ${odd} has ${layouts[odd]!.channels} channels, tensor 0 has ${n}; a coupled group has one number of channels.`,
    );
  }
  const target = compiledL1(n) ?? portableL1(n);
  for (const [index, factor] of factors(slices, weights).entries()) {
    addTensor(target, slices[index]!.data, layouts[index]!, factor);
  }
  return finished(n, target);
}

function finished(n: number, { rows, sums }: L1Sums): SquareMatrix {
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const sum = sums[i * rows + j]!;
      if (!Number.isFinite(sum)) {
        throw new RangeError(
          `distanceMatrix: the distance of channels ${i} and ${j} is ${sum}; all values must be finite.`,
        );
      }
      data[i * n + j] = sum;
      data[j * n + i] = sum;
    }
  }
  return { n, data };
}

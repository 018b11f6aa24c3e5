import * as tf from '@tensorflow/tfjs';
import type { SparseMatrix } from '../../interpolation/basis.ts';
import type { AxisSampler } from '../axis.ts';
import { multiplyAxis } from '../multiply-axis.ts';
import { placesOf } from './covariance.ts';
import { type LinearLayer, weightOf } from './layers.ts';
import { Moments } from './moments.ts';

/** The positions of all channels of an axis at each of the places they have there; null where parts have unequally many. */
function positionsAt(axis: AxisSampler, when: 'before' | 'after'): Int32Array[] | null {
  const [each = 1, ...others] = axis.parts.map(({ slot }) => slot.each);
  if (others.some((other) => other !== each)) return null;
  const places = placesOf(axis, when);
  return Array.from({ length: each }, (_, k) =>
    Int32Array.from(places.flatMap((own) => [...own].filter((_, i) => i % each === k))),
  );
}

/** What sampling multiplies an input axis by, over all its parts: [channels now, channels before]. */
function samplingMatrix({ parts }: AxisSampler): Float64Array {
  const cols = parts.reduce((sum, { group }) => sum + group.count, 0);
  const rows = parts.reduce((sum, { group }) => sum + group.size, 0);
  const out = new Float64Array(rows * cols);
  let [row, col] = [0, 0];
  for (const { group, use } of parts) {
    const { starts, columns, values } = group.matrices()[use];
    for (let r = 0; r < group.size; r++) {
      for (let i = starts[r]!; i < starts[r + 1]!; i++) {
        out[(row + r) * cols + col + columns[i]!] = values[i]!;
      }
    }
    row += group.size;
    col += group.count;
  }
  return out;
}

/** What a layer was given for a batch, and where each channel stands in a pixel's features, place by place. */
interface Features {
  values: tf.TypedArray;
  at: readonly Int32Array[];
}

/** What a layer is given for a batch, as rows of its last axis. */
async function inputsOf(
  model: tf.LayersModel,
  layer: string,
  x: tf.Tensor,
): Promise<tf.TypedArray> {
  const input = model.getLayer(layer).input as tf.SymbolicTensor;
  const known = model.inputs.some(({ id }) => id === input.id);
  if (known) return x.data();
  const upTo = tf.model({ inputs: model.inputs, outputs: input });
  const out = tf.tidy(() => upTo.apply(x, { training: false }) as tf.Tensor);
  const values = await out.data();
  out.dispose();
  return values;
}

/** Fits layers of a small model to what a large one computes over the same batches. */
export class Fitter {
  readonly #plain: tf.LayersModel;
  readonly #original: tf.LayersModel;
  readonly #batches: readonly tf.Tensor[];
  readonly #options: { ridge: number; rows: number };

  constructor(
    plain: tf.LayersModel,
    original: tf.LayersModel,
    batches: readonly tf.Tensor[],
    options: { ridge: number; rows: number },
  ) {
    this.#plain = plain;
    this.#original = original;
    this.#batches = batches;
    this.#options = options;
  }

  /** Fits one layer's kernel (and bias) to inputs as they are now. */
  async layer(layer: LinearLayer & { input: AxisSampler }): Promise<void> {
    const { path, input, norm, bias } = layer;
    const after = positionsAt(input, 'after');
    const before = positionsAt(input, 'before');
    if (after === null || before === null) return;
    const [now = new Int32Array(), was = new Int32Array()] = [after[0], before[0]];
    const moments = new Moments(now.length, was.length);
    for (const x of this.#batches) {
      const small = { at: after, values: await inputsOf(this.#plain, path, x) };
      const whole = { at: before, values: await inputsOf(this.#original, path, x) };
      const sizes = { now: input.length, was: was.length * before.length };
      addRows(moments, small, whole, sizes, this.#options.rows);
    }
    const constant = bias !== undefined || norm !== undefined;
    const { matrix, constants } = moments.fit(samplingMatrix(input), this.#options.ridge, constant);
    write(layer, matrix, constants, { now: after, was: before });
  }

  /** Gives a norm the statistics of its inputs as they are now. */
  async norm(layer: tf.layers.Layer): Promise<void> {
    const mean = weightOf(layer, 'moving_mean') as tf.LayerVariable;
    const variance = weightOf(layer, 'moving_variance') as tf.LayerVariable;
    const channels = mean.shape[0] as number;
    const sums = new Float64Array(channels);
    const squares = new Float64Array(channels);
    let count = 0;
    for (const x of this.#batches) {
      const values = await inputsOf(this.#plain, layer.name, x);
      for (let i = 0; i < values.length; i++) {
        const c = i % channels;
        sums[c] = sums[c]! + values[i]!;
        squares[c] = squares[c]! + values[i]! ** 2;
      }
      count += values.length / channels;
    }
    const means = sums.map((sum) => sum / count);
    const variances = squares.map((sum, c) => Math.max(0, sum / count - means[c]! ** 2));
    tf.tidy(() => {
      mean.write(tf.tensor1d(Float32Array.from(means)));
      variance.write(tf.tensor1d(Float32Array.from(variances)));
    });
  }
}

/** Adds the rows of one batch, evenly thinned. */
function addRows(
  moments: Moments,
  small: Features,
  whole: Features,
  sizes: { now: number; was: number },
  most: number,
): void {
  const pixels = small.values.length / sizes.now;
  const places = small.at.length;
  const step = Math.max(1, (pixels * places) / most);
  const a = new Float64Array((small.at[0] as Int32Array).length);
  const b = new Float64Array((whole.at[0] as Int32Array).length);
  const read = (into: Float64Array, { values, at }: Features, width: number, row: number) => {
    const positions = at[row % places] as Int32Array;
    const base = Math.floor(row / places) * width;
    for (let i = 0; i < into.length; i++) into[i] = values[base + positions[i]!]!;
  };
  for (let next = 0; next < pixels * places; next += step) {
    const row = Math.floor(next);
    read(a, small, sizes.now, row);
    read(b, whole, sizes.was, row);
    moments.add(a, b);
  }
}

/** Reads a layer's old inputs as `matrix` and `constants` tell them from those there are. */
function write(
  { coefficients, kernel, bias, sampler, input, output }: LinearLayer & { input: AxisSampler },
  matrix: Float64Array,
  constants: Float64Array,
  { now, was }: { now: readonly Int32Array[]; was: readonly Int32Array[] },
): void {
  const { shape } = coefficients;
  const half = sampler.sampleArray(coefficients.dataSync<'float32'>(), shape, input);
  const halfShape = kernel.shape.map((size, axis) =>
    axis === input.axis ? shape[axis] : size,
  ) as number[];
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  const values = multiplyAxis(
    half,
    product(halfShape.slice(0, input.axis)),
    product(halfShape.slice(input.axis + 1)),
    placed(matrix, now, was),
  );
  tf.tidy(() => {
    kernel.write(tf.tensor(values, kernel.shape as number[]));
    if (bias === undefined) return;
    const shift = new Float32Array(shape[input.axis] as number);
    for (const positions of was) {
      positions.forEach((at, j) => {
        shift[at] = constants[j]!;
      });
    }
    const along = shape.map((size, axis) => (axis === input.axis ? size : 1));
    const others = shape.map((_, axis) => axis).filter((axis) => axis !== output.axis);
    const missed = tf.tensor(half, halfShape).mul(tf.tensor(shift, along)).sum(others);
    bias.write(bias.read().add(missed));
  });
}

/** A matrix over channels as one over the positions of an axis, the same at every place. */
function placed(
  matrix: Float64Array,
  now: readonly Int32Array[],
  was: readonly Int32Array[],
): SparseMatrix {
  const [from = 0, to = 0] = [now[0]?.length, was[0]?.length];
  const rows = from * now.length;
  const columns = new Int32Array(rows * to);
  const values = new Float64Array(rows * to);
  now.forEach((positions, k) => {
    positions.forEach((row, i) => {
      columns.set(was[k] as Int32Array, row * to);
      values.set(matrix.subarray(i * to, (i + 1) * to), row * to);
    });
  });
  const starts = Int32Array.from({ length: rows + 1 }, (_, r) => r * to);
  return { rows, cols: to * was.length, starts, columns, values };
}

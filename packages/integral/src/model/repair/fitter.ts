import * as tf from '@tensorflow/tfjs';
import type { SparseMatrix } from '../../interpolation/basis.ts';
import type { AxisSampler } from '../axis.ts';
import { multiplyAxis } from '../multiply-axis.ts';
import { ProjectionFit } from './attention.ts';
import { placesOf } from './covariance.ts';
import { DepthwiseFit } from './depthwise.ts';
import { type LinearLayer, weightOf } from './layers.ts';
import { Moments } from './moments.ts';
import { inputOf, thinned, valuesOf } from './pairs.ts';

/** A kernel that sums over channels of its layer's input. */
type Reading = LinearLayer & { input: AxisSampler };

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

  /**
   * Fits a layer's kernels (and biases) to inputs as they are now.
   *
   * @param kernels its kernels
   * @param changed whether its inputs are other channels than they were
   * @returns whether there was anything to fit
   */
  async layer(kernels: readonly LinearLayer[], changed: boolean): Promise<boolean> {
    const reading = kernels.filter(
      (each): each is Reading => each.input !== undefined && each.name !== 'output_kernel',
    );
    const { ridge } = this.#options;
    let done = false;
    if (changed && reading.length > 0) done = await this.#inputs(reading);
    for (const kernel of kernels) {
      const { name, norm, bias, plain } = kernel;
      const original = this.#original.getLayer(plain.name);
      if (name === 'depthwise_kernel' && changed) {
        const fit = new DepthwiseFit(kernel, original);
        await this.#pairs(plain.name, (now, was) => fit.add(now, was, this.#options.rows));
        fit.write(ridge, bias !== undefined || norm !== undefined);
        done = true;
      }
      if (name === 'output_kernel' && (changed || kernels.some(({ sampler }) => !sampler.whole))) {
        const fit = new ProjectionFit(kernel, original);
        await this.#pairs(plain.name, (now, was) => fit.add(now, was, this.#options.rows));
        fit.write(ridge);
        done = true;
      }
    }
    return done;
  }

  /** What a layer is given now, and what it was given, batch by batch. */
  async #pairs(
    layer: string,
    take: (now: tf.Tensor, was: tf.Tensor) => Promise<void>,
  ): Promise<void> {
    for (const x of this.#batches) {
      await take(inputOf(this.#plain, layer, x), inputOf(this.#original, layer, x));
    }
  }

  /** Fits the inputs that kernels of one layer read, the same for all of them. */
  async #inputs(kernels: readonly Reading[]): Promise<boolean> {
    const [{ path, input, norm, bias }] = kernels as readonly [Reading];
    const after = positionsAt(input, 'after');
    const before = positionsAt(input, 'before');
    if (after === null || before === null) return false;
    const [now = new Int32Array(), was = new Int32Array()] = [after[0], before[0]];
    const moments = new Moments(now.length, was.length);
    await this.#pairs(path, async (x, y) => {
      const small = { at: after, values: await valuesOf(x) };
      const whole = { at: before, values: await valuesOf(y) };
      const sizes = { now: input.length, was: was.length * before.length };
      addRows(moments, small, whole, sizes, this.#options.rows);
    });
    const constant = bias !== undefined || norm !== undefined;
    const { matrix, constants } = moments.fit(samplingMatrix(input), this.#options.ridge, constant);
    for (const kernel of kernels) write(kernel, matrix, constants, { now: after, was: before });
    return true;
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
      const values = await valuesOf(inputOf(this.#plain, layer.name, x));
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
  const a = new Float64Array((small.at[0] as Int32Array).length);
  const b = new Float64Array((whole.at[0] as Int32Array).length);
  const read = (into: Float64Array, { values, at }: Features, width: number, row: number) => {
    const positions = at[row % places] as Int32Array;
    const base = Math.floor(row / places) * width;
    for (let i = 0; i < into.length; i++) into[i] = values[base + positions[i]!]!;
  };
  for (const row of thinned(pixels * places, most)) {
    read(a, small, sizes.now, row);
    read(b, whole, sizes.was, row);
    moments.add(a, b);
  }
}

/** Reads a layer's old inputs as `matrix` and `constants` tell them from those there are. */
function write(
  { coefficients, kernel, bias, sampler, input, output }: Reading,
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

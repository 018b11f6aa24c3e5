import { multiHeadAttention, type PleatMultiHeadAttentionLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { LinearLayer } from './layers.ts';
import { Moments } from './moments.ts';
import { asSampled, thinned, valuesOf } from './pairs.ts';

/** What the heads of a layer carry, side by side: what its output kernel reads, [tokens of all samples, heads x headDim]. */
function carried(layer: PleatMultiHeadAttentionLayer, x: tf.Tensor3D): tf.Tensor2D {
  const inner = layer.outputKernel.shape[0] as number;
  const read = (weight: tf.LayerVariable | undefined) => weight?.read();
  const weights = {
    queryKernel: layer.queryKernel.read(),
    keyKernel: layer.keyKernel.read(),
    valueKernel: layer.valueKernel.read(),
    outputKernel: tf.eye(inner),
    queryBias: read(layer.queryBias),
    keyBias: read(layer.keyBias),
    valueBias: read(layer.valueBias),
  };
  return multiHeadAttention(x, weights, { heads: layer.heads }).reshape([-1, inner]);
}

/**
 * Fits the output kernel of attention to what its heads carry now: of that it makes, as nearly as it can, what it made before, its
 * channels sampled as they are now.
 */
export class ProjectionFit {
  readonly #layer: LinearLayer;
  readonly #plain: PleatMultiHeadAttentionLayer;
  readonly #original: PleatMultiHeadAttentionLayer;
  readonly #moments: Moments;

  constructor(layer: LinearLayer, original: tf.layers.Layer) {
    this.#layer = layer;
    this.#plain = layer.plain as PleatMultiHeadAttentionLayer;
    this.#original = original as PleatMultiHeadAttentionLayer;
    const [from, to] = layer.kernel.shape as [number, number];
    this.#moments = new Moments(from, to);
  }

  /** Adds the tokens of a batch: what the layer is given now, and what it was given; both are disposed of. */
  async add(now: tf.Tensor, was: tf.Tensor, most: number): Promise<void> {
    const heads = tf.tidy(() => carried(this.#plain, now as tf.Tensor3D));
    const wanted = tf.tidy(() => {
      const made = this.#original.apply(was) as tf.Tensor;
      const flat = made.reshape<tf.Tensor2D>([-1, made.shape[2] as number]);
      return asSampled(flat, this.#layer.output);
    });
    tf.dispose([now, was]);
    const [from, to] = this.#layer.kernel.shape as [number, number];
    const [x, y] = [await valuesOf(heads), await valuesOf(wanted)];
    for (const row of thinned(x.length / from, most)) {
      const a = Float64Array.from(x.subarray(row * from, (row + 1) * from));
      this.#moments.add(a, Float64Array.from(y.subarray(row * to, (row + 1) * to)));
    }
  }

  /** Writes the kernel, and the bias where there is one. */
  write(ridge: number): void {
    const { kernel, bias } = this.#layer;
    const prior = Float64Array.from(kernel.read().dataSync());
    const { matrix, constants } = this.#moments.fit(prior, ridge, bias !== undefined);
    tf.tidy(() => {
      kernel.write(tf.tensor(Float32Array.from(matrix), kernel.shape as number[]));
      bias?.write(tf.tensor1d(Float32Array.from(constants)));
    });
  }
}

import * as tf from '@tensorflow/tfjs';
import type { LinearLayer } from './layers.ts';
import { Moments } from './moments.ts';
import { asSampled, thinned, valuesOf } from './pairs.ts';

type Info = ReturnType<typeof tf.backend_util.computeConv2DInfo>;
type Geometry = Parameters<typeof tf.backend_util.computeConv2DInfo>;
type Shape4D = [number, number, number, number];

/** Strides, padding and dilation of a layer, as tf.depthwiseConv2d takes them. */
function geometryOf(layer: tf.layers.Layer): [Geometry[2], 'same' | 'valid', Geometry[3]] {
  const { strides, padding, dilationRate } = layer.getConfig() as {
    strides: number | [number, number];
    padding: 'same' | 'valid';
    dilationRate?: number | [number, number];
  };
  return [strides, padding, dilationRate ?? 1];
}

/**
 * Fits the few taps of each channel of a depthwise kernel to the channels it stands for: least squares over the pixels of its own
 * input, channel by channel.
 */
export class DepthwiseFit {
  readonly #layer: LinearLayer;
  readonly #original: tf.layers.Layer;
  readonly #shape: Shape4D;
  readonly #moments: Moments[];

  constructor(layer: LinearLayer, original: tf.layers.Layer) {
    this.#layer = layer;
    this.#original = original;
    this.#shape = layer.kernel.shape as Shape4D;
    const [height, width, channels, each] = this.#shape;
    this.#moments = Array.from({ length: channels }, () => new Moments(height * width, each));
  }

  /** Adds the pixels of a batch: what the layer is given now, and what it was given; both are disposed of. */
  async add(now: tf.Tensor, was: tf.Tensor, most: number): Promise<void> {
    const [strides, padding, dilation] = geometryOf(this.#original);
    const shape = now.shape as Shape4D;
    const info = tf.backend_util.computeConv2DInfo(
      ...([shape, this.#shape, strides, dilation, padding, 'floor', true] as Geometry),
    );
    const wanted = this.#wanted(was as tf.Tensor4D);
    was.dispose();
    this.#addPixels(await valuesOf(now), await valuesOf(wanted), info, most);
  }

  /** Writes the kernel, and the bias where there is one. */
  write(ridge: number, constant: boolean): void {
    const { kernel, bias } = this.#layer;
    const [height, width, channels, each] = this.#shape;
    const taps = height * width;
    const before = kernel.read().dataSync();
    const after = new Float32Array(before.length);
    const shift = new Float32Array(channels * each);
    this.#moments.forEach((moments, c) => {
      const at = (tap: number, k: number) => (tap * channels + c) * each + k;
      const prior = new Float64Array(taps * each);
      for (let i = 0; i < prior.length; i++) {
        prior[i] = before[at(Math.floor(i / each), i % each)]!;
      }
      const { matrix, constants } = moments.fit(prior, ridge, constant);
      matrix.forEach((value, i) => {
        after[at(Math.floor(i / each), i % each)] = value;
      });
      shift.set(constants, c * each);
    });
    tf.tidy(() => {
      kernel.write(tf.tensor(after, this.#shape));
      bias?.write(tf.tensor1d(shift));
    });
  }

  /** What the layer made before its activation, its channels sampled as they are now: [pixels, channels x multiplier]. */
  #wanted(x: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => {
      const weights = this.#original.getWeights();
      const kernel = weights[0] as tf.Tensor4D;
      const [strides, padding, dilation] = geometryOf(this.#original);
      const plain = tf.depthwiseConv2d(x, kernel, strides, padding, 'NHWC', dilation);
      const made = weights[1] === undefined ? plain : plain.add(weights[1]);
      const each = kernel.shape[3];
      const last = made
        .reshape([-1, kernel.shape[2], each])
        .transpose([0, 2, 1])
        .reshape<tf.Tensor2D>([-1, kernel.shape[2]]);
      const sampled = asSampled(last, this.#layer.output);
      return sampled.reshape([-1, each, this.#shape[2]]).transpose([0, 2, 1]);
    });
  }

  #addPixels(
    x: tf.TypedArray,
    wanted: tf.TypedArray,
    { batchSize, inHeight, inWidth, outHeight, outWidth, ...info }: Info,
    most: number,
  ): void {
    const [height, width, channels, each] = this.#shape;
    const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
    const taps = new Float64Array(height * width);
    const targets = new Float64Array(each);
    for (const pixel of thinned(batchSize * outHeight * outWidth, most)) {
      const image = Math.floor(pixel / (outHeight * outWidth));
      const top = (Math.floor(pixel / outWidth) % outHeight) * strideHeight - padInfo.top;
      const left = (pixel % outWidth) * strideWidth - padInfo.left;
      for (let c = 0; c < channels; c++) {
        for (let tap = 0; tap < taps.length; tap++) {
          const row = top + Math.floor(tap / width) * dilationHeight;
          const column = left + (tap % width) * dilationWidth;
          const inside = row >= 0 && row < inHeight && column >= 0 && column < inWidth;
          const at = ((image * inHeight + row) * inWidth + column) * channels + c;
          taps[tap] = inside ? x[at]! : 0;
        }
        for (let k = 0; k < each; k++) targets[k] = wanted[(pixel * channels + c) * each + k]!;
        (this.#moments[c] as Moments).add(taps, targets);
      }
    }
  }
}

import * as tf from '@tensorflow/tfjs';
import { checkBlock, pixelShuffle } from '../pixel-shuffle.ts';
import { type LayerArguments, onlyShape, onlyTensor } from './base.ts';

/** Options of `pixelShuffleLayer`. */
export interface PixelShuffleOptions extends LayerArguments {
  /** How many times higher and wider the output is. Default 2. */
  blockSize?: number;
}

/** The layer `pixelShuffleLayer` makes. */
export class PleatPixelShuffleLayer extends tf.layers.Layer {
  static readonly className = 'PleatPixelShuffle';
  readonly blockSize: number;

  constructor(options: PixelShuffleOptions = {}) {
    super(options);
    this.blockSize = options.blockSize ?? 2;
    checkBlock('PleatPixelShuffle', this.blockSize);
    this.inputSpec = [new tf.InputSpec({ ndim: 4 })];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    checkBlock('PleatPixelShuffle', this.blockSize, onlyShape(inputShape)[3]);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return pixelShuffle(onlyTensor<tf.Tensor4D>(inputs), this.blockSize);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, height, width, channels] = onlyShape(inputShape);
    const times = (size: number | null | undefined): number | null =>
      size == null ? null : size * this.blockSize;
    const kept = channels == null ? null : channels / this.blockSize ** 2;
    return [batch ?? null, times(height), times(width), kept];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), blockSize: this.blockSize };
  }
}
tf.serialization.registerClass(PleatPixelShuffleLayer);

/**
 * Lays channels out as pixels as a layer, [n, h, w, c r r] to [n, h r, w r, c].
 *
 * @param options - `blockSize` r (default 2).
 * @returns The layer; it has no weights.
 * @throws Error when the block is no whole number, or (when built) the channels are no multiple of its square.
 * @see Shi et al. 2016, arXiv 1609.05158.
 * @example
 * ```js
 * pixelShuffleLayer().apply(tf.zeros([1, 8, 8, 12])).shape; // [1, 16, 16, 3]
 * ```
 */
export function pixelShuffleLayer(options: PixelShuffleOptions = {}): PleatPixelShuffleLayer {
  return new PleatPixelShuffleLayer(options);
}

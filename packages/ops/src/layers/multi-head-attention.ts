import * as tf from '@tensorflow/tfjs';
import { multiHeadAttention } from '../multi-head-attention.ts';
import {
  type InitializerLike,
  knownSize,
  type LayerArguments,
  onlyShape,
  onlyTensor,
  readInitializer,
} from './base.ts';

/** Options of the multi-head attention layer. */
export interface MultiHeadAttentionOptions extends LayerArguments {
  /** How many heads. */
  heads: number;
  /** Width of one head; default dim / heads. */
  headDim?: number;
  /** Add biases to the four projections; default true. */
  useBias?: boolean;
  /** Initialiser of the four kernels; default glorotUniform. */
  kernelInitializer?: InitializerLike;
}

/**
 * The layer `multiHeadAttentionLayer` makes.
 *
 * Its kernels are `LayerVariable`s in fields of their own, and every call reads them by `read()`: put
 * an object with such a method in a field and the layer computes with what that gives.
 */
export class PleatMultiHeadAttentionLayer extends tf.layers.Layer {
  static readonly className = 'PleatMultiHeadAttention';
  readonly heads: number;
  readonly headDim: number | undefined;
  readonly useBias: boolean;
  /** [dim, heads * headDim]. */
  queryKernel!: tf.LayerVariable;
  /** [dim, heads * headDim]. */
  keyKernel!: tf.LayerVariable;
  /** [dim, heads * headDim]. */
  valueKernel!: tf.LayerVariable;
  /** [heads * headDim, dim]. */
  outputKernel!: tf.LayerVariable;
  queryBias: tf.LayerVariable | undefined;
  keyBias: tf.LayerVariable | undefined;
  valueBias: tf.LayerVariable | undefined;
  outputBias: tf.LayerVariable | undefined;
  private readonly kernelInitializer: ReturnType<typeof readInitializer>;

  constructor(options: MultiHeadAttentionOptions) {
    super(options);
    this.heads = options.heads;
    this.headDim = options.headDim;
    this.useBias = options.useBias ?? true;
    this.kernelInitializer = readInitializer(options.kernelInitializer ?? 'glorotUniform');
    this.inputSpec = [new tf.InputSpec({ ndim: 3 })];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const dim = knownSize('PleatMultiHeadAttention', onlyShape(inputShape), -1);
    if (this.headDim === undefined && dim % this.heads !== 0) {
      throw new Error(
        `PleatMultiHeadAttention: expected heads to divide the width ${dim}, got ${this.heads}; give headDim.`,
      );
    }
    const inner = this.heads * (this.headDim ?? dim / this.heads);
    const add = (name: string, rows: number, columns: number) => {
      const { initializer } = this.kernelInitializer;
      const kernel = this.addWeight(`${name}_kernel`, [rows, columns], 'float32', initializer);
      const bias = this.useBias
        ? this.addWeight(`${name}_bias`, [columns], 'float32', tf.initializers.zeros())
        : undefined;
      return [kernel, bias] as const;
    };
    [this.queryKernel, this.queryBias] = add('query', dim, inner);
    [this.keyKernel, this.keyBias] = add('key', dim, inner);
    [this.valueKernel, this.valueBias] = add('value', dim, inner);
    [this.outputKernel, this.outputBias] = add('output', inner, dim);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() =>
      multiHeadAttention(
        onlyTensor<tf.Tensor3D>(inputs),
        {
          queryKernel: this.queryKernel.read(),
          keyKernel: this.keyKernel.read(),
          valueKernel: this.valueKernel.read(),
          outputKernel: this.outputKernel.read(),
          queryBias: this.queryBias?.read(),
          keyBias: this.keyBias?.read(),
          valueBias: this.valueBias?.read(),
          outputBias: this.outputBias?.read(),
        },
        { heads: this.heads },
      ),
    );
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      heads: this.heads,
      ...(this.headDim === undefined ? {} : { headDim: this.headDim }),
      useBias: this.useBias,
      kernelInitializer: this.kernelInitializer.config,
    };
  }
}
tf.serialization.registerClass(PleatMultiHeadAttentionLayer);

/**
 * Multi-head self-attention as a layer, [b, t, dim] to [b, t, dim].
 *
 * @param options - `heads`; `headDim` (default dim / heads), `useBias` (default true), `kernelInitializer` (default glorotUniform).
 * @returns The layer; weights query, key, value and output, each a kernel and, with useBias, a bias.
 * @throws Error when built on a width that heads does not divide and headDim is not given.
 * @see Vaswani et al. 2017, arXiv 1706.03762, section 3.2.2.
 * @example
 * ```js
 * multiHeadAttentionLayer({ heads: 2 }).apply(tf.ones([1, 3, 4])).shape; // [1, 3, 4]
 * ```
 */
export function multiHeadAttentionLayer(
  options: MultiHeadAttentionOptions,
): PleatMultiHeadAttentionLayer {
  return new PleatMultiHeadAttentionLayer(options);
}

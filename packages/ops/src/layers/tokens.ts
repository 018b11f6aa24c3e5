import * as tf from '@tensorflow/tfjs';
import {
  type InitializerLike,
  knownSize,
  type LayerArguments,
  onlyShape,
  onlyTensor,
  readInitializer,
} from './base.ts';

/** Options of the layers that learn an embedding. */
export interface EmbeddingOptions extends LayerArguments {
  /** Initialiser of the embedding; default a normal of deviation 0.02, unseeded. */
  initializer?: InitializerLike;
}

/** A layer with one learned weight, `embedding`. */
abstract class LearnedEmbedding extends tf.layers.Layer {
  embedding!: tf.LayerVariable;
  protected readonly embeddingInitializer: ReturnType<typeof readInitializer>;

  constructor(options: EmbeddingOptions = {}) {
    super(options);
    this.embeddingInitializer = readInitializer(
      options.initializer ?? tf.initializers.truncatedNormal({ stddev: 0.02 }),
    );
    this.inputSpec = [new tf.InputSpec({ ndim: 3 })];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), initializer: this.embeddingInitializer.config };
  }
}

/** The layer `positionEmbeddingLayer` makes. */
export class PleatPositionEmbeddingLayer extends LearnedEmbedding {
  static readonly className = 'PleatPositionEmbedding';

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = onlyShape(inputShape);
    const tokens = knownSize('PleatPositionEmbedding', shape, 1);
    const dim = knownSize('PleatPositionEmbedding', shape, 2);
    const { initializer } = this.embeddingInitializer;
    this.embedding = this.addWeight('embedding', [tokens, dim], 'float32', initializer);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => onlyTensor(inputs).add(this.embedding.read()));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }
}
tf.serialization.registerClass(PleatPositionEmbeddingLayer);

/** The layer `classTokenLayer` makes. */
export class PleatClassTokenLayer extends LearnedEmbedding {
  static readonly className = 'PleatClassToken';

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const dim = knownSize('PleatClassToken', onlyShape(inputShape), 2);
    const { initializer } = this.embeddingInitializer;
    this.embedding = this.addWeight('embedding', [1, dim], 'float32', initializer);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor<tf.Tensor3D>(inputs);
      // Added to zeros, not tiled: the gradient of tile in tfjs is a slice and an add for every sample.
      const rows = tf.zeros([x.shape[0], 1, x.shape[2]]);
      return tf.concat([rows.add<tf.Tensor3D>(this.embedding.read()), x], 1);
    });
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, tokens, dim] = onlyShape(inputShape) as [number | null, number | null, number];
    return [batch, tokens === null ? null : tokens + 1, dim];
  }
}
tf.serialization.registerClass(PleatClassTokenLayer);

/** The layer `firstTokenLayer` makes. */
export class PleatFirstTokenLayer extends tf.layers.Layer {
  static readonly className = 'PleatFirstToken';

  constructor(options: LayerArguments = {}) {
    super(options);
    this.inputSpec = [new tf.InputSpec({ ndim: 3 })];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor<tf.Tensor3D>(inputs);
      return x.slice([0, 0, 0], [-1, 1, -1]).squeeze([1]);
    });
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, , dim] = onlyShape(inputShape) as [number | null, number | null, number];
    return [batch, dim];
  }
}
tf.serialization.registerClass(PleatFirstTokenLayer);

/**
 * Adds a learned embedding to every position, [b, t, dim] to [b, t, dim].
 *
 * @param options - `initializer` (default a truncated normal of deviation 0.02).
 * @returns The layer; weight embedding [t, dim].
 * @throws Error when built on an input whose length or width is unknown.
 * @see Dosovitskiy et al. 2021, arXiv 2010.11929, equation 1.
 * @example
 * ```js
 * positionEmbeddingLayer({ initializer: 'ones' }).apply(tf.zeros([1, 2, 2])).print(); // [[[1, 1], [1, 1]]]
 * ```
 */
export function positionEmbeddingLayer(
  options: EmbeddingOptions = {},
): PleatPositionEmbeddingLayer {
  return new PleatPositionEmbeddingLayer(options);
}

/**
 * Puts a learned token before the others, [b, t, dim] to [b, t + 1, dim].
 *
 * @param options - `initializer` (default a truncated normal of deviation 0.02).
 * @returns The layer; weight embedding [1, dim].
 * @throws Error when built on an input whose width is unknown.
 * @see Dosovitskiy et al. 2021, arXiv 2010.11929, equation 1.
 * @example
 * ```js
 * classTokenLayer({ initializer: 'ones' }).apply(tf.zeros([1, 1, 2])).print(); // [[[1, 1], [0, 0]]]
 * ```
 */
export function classTokenLayer(options: EmbeddingOptions = {}): PleatClassTokenLayer {
  return new PleatClassTokenLayer(options);
}

/**
 * Takes the first token, [b, t, dim] to [b, dim].
 *
 * @param options - What every layer takes.
 * @returns The layer; it has no weights.
 * @see Dosovitskiy et al. 2021, arXiv 2010.11929, equation 4.
 * @example
 * ```js
 * firstTokenLayer().apply(tf.tensor3d([[[1, 2], [3, 4]]])).print(); // [[1, 2]]
 * ```
 */
export function firstTokenLayer(options: LayerArguments = {}): PleatFirstTokenLayer {
  return new PleatFirstTokenLayer(options);
}

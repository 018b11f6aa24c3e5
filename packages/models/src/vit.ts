import { firstTokenLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { requireImageShape, requireInteger } from './check.ts';
import { smallNormal } from './initial.ts';
import { type LayerMaker, layerMaker } from './layers.ts';

/** Options of {@link vit}. */
export interface VitOptions {
  /** [height, width, channels]; height and width are multiples of `patchSize`. Default [32, 32, 3]. */
  inputShape?: readonly [number, number, number];
  /** Number of classes, the length of the logits. Default 10. */
  classes?: number;
  /** Side of a patch; a patch is a token. Default 4, the CIFAR form. */
  patchSize?: number;
  /** Width of a token. */
  dim: number;
  /** Number of blocks. */
  depth: number;
  /** Attention heads; divides `dim`. Default 8. */
  heads?: number;
  /** Width of the hidden layer of a block's perceptron as a multiple of `dim`. Default 4. */
  mlpRatio?: number;
  /** What the classifier sees: a learned token of its own, or the mean of all tokens. Default 'class-token'. */
  pooling?: 'class-token' | 'mean';
  /** Chooses the starting weights: whole number >= 0. Default 0. */
  seed?: number;
}

/** Added to the variance of every layer norm, as in the published ViT and DeiT models. */
const epsilon = 1e-6;

function check(options: Required<VitOptions>): void {
  const { inputShape, classes, patchSize, dim, depth, heads, mlpRatio, pooling, seed } = options;
  requireImageShape('vit', inputShape);
  for (const [name, value] of Object.entries({ classes, patchSize, dim, depth, heads })) {
    requireInteger('vit', name, value);
  }
  requireInteger('vit', 'seed', seed, 0);
  requireInteger('vit', 'mlpRatio * dim', mlpRatio * dim);
  const [height, width] = inputShape;
  if (height % patchSize !== 0 || width % patchSize !== 0) {
    throw new RangeError(
      `vit: patches of ${patchSize} x ${patchSize} do not tile the image of ${height} x ${width}; choose a patchSize that divides both.`,
    );
  }
  if (dim % heads !== 0) {
    throw new RangeError(
      `vit: dim must be a multiple of heads, found dim ${dim} and heads ${heads}; choose heads that divide dim.`,
    );
  }
  if (pooling !== 'class-token' && pooling !== 'mean') {
    throw new RangeError(
      `vit: pooling must be 'class-token' or 'mean', found ${JSON.stringify(pooling)}.`,
    );
  }
}

/** x + attention(norm(x)), then that + perceptron(norm(that)) (Dosovitskiy et al. 2021, equations 2 and 3). */
function block(
  make: LayerMaker,
  x: tf.SymbolicTensor,
  name: string,
  { dim, heads, hidden }: { dim: number; heads: number; hidden: number },
): tf.SymbolicTensor {
  let y = make.layerNorm(x, `${name}_norm1`, epsilon);
  y = make.attention(y, `${name}_attention`, heads);
  const attended = make.add([x, y], `${name}_add1`);
  y = make.layerNorm(attended, `${name}_norm2`, epsilon);
  y = make.dense(y, `${name}_mlp1`, hidden);
  y = make.activate(y, `${name}_gelu`, 'gelu');
  y = make.dense(y, `${name}_mlp2`, dim);
  return make.add([attended, y], `${name}_add2`);
}

/**
 * Builds a vision transformer with pre-norm blocks: patches, class token, position embedding, blocks, norm, classifier.
 *
 * With t tokens (the class token included), patch side p, c channels, width d and hidden width m it has
 * (p^2 c + 1) d + [d if class token] + t d + depth (4 d^2 + 2 d m + 9 d + m) + 2 d + (d + 1) classes parameters.
 * Kernels, embeddings and the token start N(0, 0.02^2), biases at zero; there is no dropout.
 *
 * @param options See {@link VitOptions}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range, patches do not tile the image or heads do not divide dim.
 * @see Dosovitskiy et al., "An image is worth 16 x 16 words", ICLR 2021 (arXiv 2010.11929), equations 1 to 4.
 * @example
 * const options = { inputShape: [224, 224, 3], classes: 1000, patchSize: 16, dim: 192, depth: 12, heads: 3 };
 * countParameters(vit(options)); // 5717416
 */
export function vit(options: VitOptions): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, patchSize = 4, dim, depth, heads = 8 } = options;
  const { mlpRatio = 4, pooling = 'class-token', seed = 0 } = options;
  check({ inputShape, classes, patchSize, dim, depth, heads, mlpRatio, pooling, seed });
  const make = layerMaker({ seed, scheme: smallNormal });
  const input = tf.input({ name: 'input', shape: [...inputShape] });
  const patches = { filters: dim, kernelSize: patchSize, strides: patchSize, useBias: true };
  const tokens = (inputShape[0] / patchSize) * (inputShape[1] / patchSize);
  const flatten = tf.layers.reshape({ name: 'tokens', targetShape: [tokens, dim] });
  let x = flatten.apply(make.conv(input, 'patch', patches)) as tf.SymbolicTensor;
  if (pooling === 'class-token') x = make.classToken(x, 'class_token');
  x = make.positionEmbedding(x, 'position');
  for (let index = 1; index <= depth; index++) {
    x = block(make, x, `block${index}`, { dim, heads, hidden: mlpRatio * dim });
  }
  x = make.layerNorm(x, 'norm', epsilon);
  const pool =
    pooling === 'mean'
      ? tf.layers.globalAveragePooling1d({ name: 'pool' })
      : firstTokenLayer({ name: 'pool' });
  const logits = make.dense(pool.apply(x) as tf.SymbolicTensor, 'classifier', classes);
  return tf.model({ name: `vit_${dim}_${depth}`, inputs: input, outputs: logits });
}

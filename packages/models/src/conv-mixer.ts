import * as tf from '@tensorflow/tfjs';
import { requireImageShape, requireInteger } from './check.ts';
import { uniformFanIn } from './initial.ts';
import { type Activation, activations, layerMaker } from './layers.ts';

/** Options of {@link convMixer}. */
export interface ConvMixerOptions {
  /** [height, width, channels]. Default [32, 32, 3]. */
  inputShape?: readonly [number, number, number];
  /** Number of classes, the length of the logits. Default 10. */
  classes?: number;
  /** Channels of every hidden layer, `h` in the paper. */
  dim: number;
  /** Number of mixing blocks, `d` in the paper. */
  depth: number;
  /** Side of the depthwise kernels, `k` in the paper. Default 5. */
  kernelSize?: number;
  /** Side and stride of the patch embedding, `p` in the paper. Default 2. */
  patchSize?: number;
  /** Default 'gelu'. */
  activation?: Activation;
  /**
   * Whether convolutions have biases: the paper's code and its parameter formula count them, the masking
   * networks' ConvMixer has none. Default false.
   */
  useBias?: boolean;
  /** Chooses the starting weights: whole number >= 0. Default 0. */
  seed?: number;
}

/**
 * Builds a ConvMixer: patch embedding, `depth` times a residual depthwise and a pointwise convolution, pooling, classifier.
 *
 * With `useBias` it has dim [depth (kernelSize^2 + dim + 6) + channels patchSize^2 + classes + 3] + classes parameters,
 * without, dim (2 depth + 1) fewer. Kernels start U(+-1/sqrt(fan_in)), as the paper's code leaves them; biases at zero.
 *
 * @param options See {@link ConvMixerOptions}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range, or a patch larger than the image.
 * @see Trockman, Kolter, "Patches are all you need?", TMLR 2023 (arXiv 2201.09792), section 2 and appendix D.
 * @example
 * countParameters(convMixer({ dim: 256, depth: 8, patchSize: 1, useBias: true })); // 591882
 */
export function convMixer(options: ConvMixerOptions): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, dim, depth, kernelSize = 5 } = options;
  const { patchSize = 2, activation = 'gelu', useBias = false, seed = 0 } = options;
  requireImageShape('convMixer', inputShape);
  for (const [name, value] of Object.entries({ classes, dim, depth, kernelSize, patchSize })) {
    requireInteger('convMixer', name, value);
  }
  requireInteger('convMixer', 'seed', seed, 0);
  if (!activations.includes(activation)) {
    throw new RangeError(
      `convMixer: activation must be one of ${activations.join(', ')}, found ${JSON.stringify(activation)}.`,
    );
  }
  if (patchSize > Math.min(inputShape[0], inputShape[1])) {
    throw new RangeError(
      `convMixer: a patch of ${patchSize} x ${patchSize} does not fit the image of ${inputShape[0]} x ${inputShape[1]}; choose a smaller patchSize.`,
    );
  }
  const make = layerMaker({ seed, scheme: uniformFanIn });
  const activateAndNorm = (x: tf.SymbolicTensor, name: string) =>
    make.batchNorm(make.activate(x, `${name}_${activation}`, activation), `${name}_norm`);
  const input = tf.input({ name: 'input', shape: [...inputShape] });
  const patches = { filters: dim, kernelSize: patchSize, strides: patchSize, useBias };
  let x = activateAndNorm(make.conv(input, 'patch', patches), 'patch');
  for (let block = 1; block <= depth; block++) {
    const spatial = `block${block}_depthwise`;
    const channel = `block${block}_pointwise`;
    const mixed = activateAndNorm(make.depthwise(x, spatial, kernelSize, useBias), spatial);
    x = make.add([mixed, x], `block${block}_add`);
    x = make.conv(x, channel, { filters: dim, kernelSize: 1, useBias });
    x = activateAndNorm(x, channel);
  }
  const logits = make.dense(make.globalAveragePool(x, 'pool'), 'classifier', classes);
  return tf.model({ name: `convmixer_${dim}_${depth}`, inputs: input, outputs: logits });
}

import * as tf from '@tensorflow/tfjs';
import { requireImageShape, requireInteger } from './check.ts';
import { kaimingFanOut } from './initial.ts';
import { layerMaker } from './layers.ts';
import { basicStage, type Shortcut } from './resnet-blocks.ts';

/** Depths of the CIFAR residual networks of He et al. 2016, table 6. */
export type ResNetDepth = 20 | 32 | 44 | 56 | 110;

/** What both ResNet families take. */
interface CommonOptions {
  /** [height, width, channels]. Default [32, 32, 3]. */
  inputShape?: readonly [number, number, number];
  /** Number of classes, the length of the logits. Default 10. */
  classes?: number;
  /** Chooses the starting weights: whole number >= 0. Default 0. */
  seed?: number;
}

/** Options of {@link resNet}. */
export interface ResNetOptions extends CommonOptions {
  /** Layers with weights: 6 n + 2. Default 20. */
  depth?: ResNetDepth;
  /** Channels of the first stage, doubled at each of the two others. Default 16. */
  width?: number;
  /** Default 'A', as in the paper's CIFAR experiments. */
  shortcut?: Shortcut;
}

/** Options of {@link resNet18}. */
export interface ResNet18Options extends CommonOptions {
  /** Channels of the first stage, doubled at each of the three others. Default 64. */
  width?: number;
  /** Default 'B', as in the paper's ImageNet networks. */
  shortcut?: Shortcut;
}

interface Plan extends Required<CommonOptions> {
  caller: string;
  name: string;
  width: number;
  shortcut: Shortcut;
  /** Blocks of each stage. */
  stages: readonly number[];
}

function build(plan: Plan): tf.LayersModel {
  const { caller, name, inputShape, classes, width, shortcut, seed, stages } = plan;
  requireImageShape(caller, inputShape);
  requireInteger(caller, 'classes', classes);
  requireInteger(caller, 'width', width);
  requireInteger(caller, 'seed', seed, 0);
  if (shortcut !== 'A' && shortcut !== 'B') {
    throw new RangeError(`${caller}: shortcut must be 'A' or 'B', found ${String(shortcut)}.`);
  }
  const make = layerMaker({ seed, scheme: kaimingFanOut });
  const input = tf.input({ name: 'input', shape: [...inputShape] });
  let x = make.conv3x3(input, 'stem_conv', width);
  x = make.batchNorm(x, 'stem_norm');
  x = make.relu(x, 'stem_relu');
  stages.forEach((blocks, index) => {
    const filters = width * 2 ** index;
    const stage = { name: `stage${index + 1}`, blocks, filters, shortcut } as const;
    x = basicStage(make, x, { ...stage, stride: index === 0 ? 1 : 2 });
  });
  x = make.globalAveragePool(x, 'pool');
  const logits = make.dense(x, 'classifier', classes);
  return tf.model({ name, inputs: input, outputs: logits });
}

/**
 * Builds a residual network in its CIFAR form: a 3 x 3 stem and three stages of 2 n layers (depth 6 n + 2).
 *
 * Trainable parameters for 10 classes and shortcut A: ResNet-20 269,722; 32 464,154; 44 658,586; 56 853,018; 110 1,727,962.
 * Kernels start Kaiming normal over fan-out, batch norms at one, the classifier's bias at zero.
 *
 * @param options See {@link ResNetOptions}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range.
 * @see He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2, table 6.
 * @example
 * countParameters(resNet({ depth: 20 })); // 269722
 */
export function resNet(options: ResNetOptions = {}): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, seed = 0, depth = 20, width = 16 } = options;
  if (![20, 32, 44, 56, 110].includes(depth)) {
    throw new RangeError(
      `resNet: depth must be 20, 32, 44, 56 or 110, found ${String(depth)}; resNet18 builds the wider 18-layer form.`,
    );
  }
  const perStage = (depth - 2) / 6;
  return build({
    ...{ caller: 'resNet', name: `resnet${depth}`, inputShape, classes, seed, width },
    shortcut: options.shortcut ?? 'A',
    stages: [perStage, perStage, perStage],
  });
}

/**
 * Builds ResNet-18 in its CIFAR form: the stem is 3 x 3 with stride 1, and there is no max pooling.
 *
 * Trainable parameters for 10 classes: 11,173,962.
 *
 * @param options See {@link ResNet18Options}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range.
 * @see He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.
 * @example
 * countParameters(resNet18({ classes: 10 })); // 11173962
 */
export function resNet18(options: ResNet18Options = {}): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, seed = 0, width = 64, shortcut = 'B' } = options;
  return build({
    ...{ caller: 'resNet18', name: 'resnet18', inputShape, classes, seed, width, shortcut },
    stages: [2, 2, 2, 2],
  });
}

import * as tf from '@tensorflow/tfjs';
import { requireImageShape, requireInteger } from './check.ts';
import { kaimingFanOut } from './initial.ts';
import { layerMaker } from './layers.ts';

/** Depths of Simonyan and Zisserman's networks A, B, D and E, counted with three dense layers of which one is left here. */
export type VggDepth = 11 | 13 | 16 | 19;

/** Options of {@link vgg}. */
export interface VggOptions {
  /** [height, width, channels]. Default [32, 32, 3]. */
  inputShape?: readonly [number, number, number];
  /** Number of classes, the length of the logits. Default 10. */
  classes?: number;
  /** Default 11. */
  depth?: VggDepth;
  /** Channels of the first stage; the four others have 2, 4, 8 and 8 times as many. Default 64. */
  width?: number;
  /**
   * Whether convolutions have biases, as the paper's do; the batch norm behind each makes them idle. Default false.
   */
  useBias?: boolean;
  /** Chooses the starting weights: whole number >= 0. Default 0. */
  seed?: number;
}

/** 3 x 3 convolutions in each of the five stages (Simonyan and Zisserman 2015, table 1). */
const convolutions: Readonly<Record<VggDepth, readonly number[]>> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};

/** Channels of the stages over those of the first. */
const multiples = [1, 2, 4, 8, 8] as const;

/**
 * Builds a VGG network in its CIFAR form: five stages of 3 x 3 convolutions, each with a batch norm and a ReLU, each stage ended by
 * 2 x 2 max pooling, and one dense layer over the mean of what is left (a single pixel of a 32 x 32 image).
 *
 * Trainable parameters for 10 classes: VGG-11 9,228,362; 13 9,413,066; 16 14,724,042; 19 20,035,018. With `useBias` one more for each channel.
 * Kernels start Kaiming normal over fan-out, batch norms at one, biases at zero. Where an odd side is halved it is rounded up, so that
 * every image size will do.
 *
 * @param options See {@link VggOptions}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range.
 * @see Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, table 1; Ioffe,
 * Szegedy, "Batch normalization", ICML 2015.
 * @example
 * countParameters(vgg({ depth: 11 })); // 9228362
 */
export function vgg(options: VggOptions = {}): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, depth = 11, width = 64 } = options;
  const { useBias = false, seed = 0 } = options;
  const stages = Object.hasOwn(convolutions, depth) ? convolutions[depth] : undefined;
  if (!stages) {
    throw new RangeError(`vgg: depth must be 11, 13, 16 or 19, found ${String(depth)}.`);
  }
  requireImageShape('vgg', inputShape);
  requireInteger('vgg', 'classes', classes);
  requireInteger('vgg', 'width', width);
  requireInteger('vgg', 'seed', seed, 0);
  const make = layerMaker({ seed, scheme: kaimingFanOut });
  const input = tf.input({ name: 'input', shape: [...inputShape] });
  let x = input;
  stages.forEach((count, index) => {
    const filters = width * multiples[index]!;
    for (let layer = 1; layer <= count; layer++) {
      const name = `stage${index + 1}_conv${layer}`;
      x = make.conv(x, name, { filters, kernelSize: 3, padding: 'same', useBias });
      x = make.batchNorm(x, `${name}_norm`);
      x = make.relu(x, `${name}_relu`);
    }
    x = make.maxPool(x, `stage${index + 1}_pool`, 2);
  });
  const logits = make.dense(make.globalAveragePool(x, 'pool'), 'classifier', classes);
  return tf.model({ name: `vgg${depth}`, inputs: input, outputs: logits });
}

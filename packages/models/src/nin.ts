import * as tf from '@tensorflow/tfjs';
import { requireImageShape, requireInteger } from './check.ts';
import { kaimingFanIn } from './initial.ts';
import { layerMaker } from './layers.ts';

/** Options of {@link nin}. */
export interface NinOptions {
  /** [height, width, channels]. Default [32, 32, 3]. */
  inputShape?: readonly [number, number, number];
  /** Number of classes, the length of the logits. Default 10. */
  classes?: number;
  /**
   * Channels of the first convolution; the others keep their proportion to it (5/6 and 1/2 in the first stage, as many in
   * the later ones), rounded. Default 192.
   */
  width?: number;
  /** Whether a batch norm follows every hidden convolution, whose bias it then replaces; the paper has none. Default false. */
  batchNorm?: boolean;
  /** Chooses the starting weights: whole number >= 0. Default 0. */
  seed?: number;
}

/** The convolutions of a stage: side of the first one's kernel, then channels of it and of its two 1 x 1 followers. */
interface Stage {
  kernelSize: number;
  filters: readonly [number, number, number];
}

/**
 * Builds a network in network in its CIFAR form: three stages of a 5 x 5 (last: 3 x 3) and two 1 x 1 convolutions, 3 x 3 max
 * pooling of stride 2 between them, one map a class at the end, averaged.
 *
 * Trainable parameters for 10 classes: 966,986. Kernels start Kaiming normal over fan-in, biases at zero. Two things differ from
 * the paper: the class maps are not rectified, so that logits have any sign, and there is no dropout, for which TensorFlow.js
 * has no seed that would let a run be repeated.
 *
 * @param options See {@link NinOptions}.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when an option is out of range.
 * @see Lin, Chen, Yan, "Network in network", ICLR 2014 (arXiv 1312.4400), section 4; channels as in the authors' CIFAR-10
 * configuration.
 * @example
 * countParameters(nin()); // 966986
 */
export function nin(options: NinOptions = {}): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, width = 192 } = options;
  const { batchNorm = false, seed = 0 } = options;
  requireImageShape('nin', inputShape);
  requireInteger('nin', 'classes', classes);
  requireInteger('nin', 'width', width);
  requireInteger('nin', 'seed', seed, 0);
  const share = (part: number) => Math.max(1, Math.round(width * part));
  const stages: Stage[] = [
    { kernelSize: 5, filters: [width, share(5 / 6), share(1 / 2)] },
    { kernelSize: 5, filters: [width, width, width] },
    { kernelSize: 3, filters: [width, width, classes] },
  ];
  const make = layerMaker({ seed, scheme: kaimingFanIn });
  const input = tf.input({ name: 'input', shape: [...inputShape] });
  let x = input;
  stages.forEach(({ kernelSize, filters }, stage) => {
    const names = ['conv', 'mlp1', 'mlp2'].map((layer) => `stage${stage + 1}_${layer}`);
    names.forEach((name, layer) => {
      const maps = stage === 2 && layer === 2;
      x = make.conv(x, maps ? 'classifier' : name, {
        filters: filters[layer]!,
        kernelSize: layer === 0 ? kernelSize : 1,
        padding: 'same',
        useBias: maps || !batchNorm,
      });
      if (maps) return;
      if (batchNorm) x = make.batchNorm(x, `${name}_norm`);
      x = make.relu(x, `${name}_relu`);
    });
    if (stage < 2) x = make.maxPool(x, `stage${stage + 1}_pool`, 3);
  });
  const logits = make.globalAveragePool(x, 'pool');
  return tf.model({ name: 'nin', inputs: input, outputs: logits });
}

import { encodeMask, maskRate } from '@pleat/codec';
import { requireModel } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { signHints } from './file/fixed.ts';
import { maskHead } from './file/masks.ts';
import type { MaskedKernel } from './layers/kernel.ts';
import { maskedKernels } from './weights.ts';

/** The bits of a code of so many bytes with what stands before it in the file. */
const stored = (bytes: number): number => 8 * (maskHead('raw', bytes).length + bytes);

/** The bits of the signs that come behind a ternary mask, of what it keeps. */
function signBits(kept: Float32Array): number {
  const signs = Uint8Array.from(kept, (value) => (value > 0 ? 1 : 0));
  return stored(encodeMask(signs, [signs.length]).bytes.length);
}

/** The bits one kernel's mask takes in a file, and d bits / d multiplier of every weight. */
function rateOf(kernel: MaskedKernel, mask: tf.Tensor): { bits: number; upstream: Float32Array } {
  const { alphabet } = kernel.learner.learner;
  const { frozen } = kernel;
  const free = (_: unknown, i: number) => frozen === null || frozen[i] === 0;
  const values = mask.dataSync<'float32'>() as Float32Array;
  const scores = kernel.scores.read().dataSync<'float32'>();
  const isOne = (value: number) => (alphabet === 'ternary' ? value !== 0 : value > 0);
  const bits = Uint8Array.from(values.filter(free), (value) => (isOne(value) ? 1 : 0));
  const hints = alphabet === 'binary' ? signHints(kernel.fixedValues(), frozen) : undefined;
  const shape = frozen === null ? kernel.masking.fill.shape : [bits.length];
  const rate = maskRate(bits, shape, hints);
  const upstream = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    if (!free(null, i)) continue;
    const price = rate.price[at++] as number;
    if (alphabet === 'binary') upstream[i] = price;
    else if (alphabet === 'sign') upstream[i] = price / 2;
    // What is kept has a sign too: one bit less or more on the side its score is on.
    else upstream[i] = (price + 1) * Math.sign(scores[i] as number);
  }
  const isKept = (value: number, i: number) => value !== 0 && free(value, i);
  const signs = alphabet === 'ternary' ? signBits(values.filter(isKept)) : 0;
  return { bits: stored(rate.bits / 8) + signs, upstream };
}

/**
 * The bits that the masks of a model take in a file, as a term for a loss: those of all bytes that `encodeModel` would write for
 * them as they stand, with a gradient that reaches scores and thresholds as that of the loss does.
 *
 * The gradient of a weight is what a one in its place costs more than a zero, in the context the coder would give it. It pushes
 * densities away from a half, so let learners start below it (`keep`).
 * @param model A masked model.
 * @returns A scalar in bits; divide by the number of weights for a price that means the same for every model.
 * @throws TypeError When model is no tf.LayersModel.
 * @throws Error When nothing of it is masked.
 * @example
 * // masked: 100 x 100 weights, made by maskModel with { name: 'learned-keep', keep: 0.1 }
 * const loss = () => softmaxCrossEntropy(labels, masked.apply(x)).add(maskBits(masked).mul(1e-5));
 * maskBits(masked).dataSync()[0] / 10000 < 0.5; // true: a tenth is 0.47 bits a weight
 */
export function maskBits(model: tf.LayersModel): tf.Scalar {
  requireModel('maskBits', model);
  const kernels = maskedKernels(model).filter(({ kernel }) => kernel.masking.owner === undefined);
  if (kernels.length === 0) {
    throw new Error(`maskBits: nothing of '${model.name}' is masked; make the model by maskModel.`);
  }
  return tf.tidy(() => {
    const priced = kernels.map(({ kernel }) =>
      tf.customGrad((input) => {
        const mask = input as tf.Tensor;
        const { bits, upstream } = rateOf(kernel, mask);
        return {
          value: tf.scalar(bits),
          gradFunc: (dy: tf.Tensor) => tf.mul(tf.tensor(upstream, mask.shape), dy),
        };
      })(kernel.mask()),
    );
    return tf.addN(priced) as tf.Scalar;
  });
}

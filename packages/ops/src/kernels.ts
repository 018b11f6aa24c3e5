import * as tf from '@tensorflow/tfjs';
import type { ListKernelName } from './list-kernels.ts';
import type { TopKMemory } from './top-k-memory.ts';

/**
 * The kernels a backend may register to run an op of this package in one call: inputs, attributes
 * and outputs by name, in order. A backend registers any subset; the rest is composed of stock kernels.
 */
export interface KernelContract {
  /** y = gelu(x), any shape. */
  PleatGelu: { inputs: 'x'; attrs: { approximate: boolean }; outputs: ['y'] };
  /** dx = dy * gelu'(x). */
  PleatGeluGrad: { inputs: 'dy' | 'x'; attrs: { approximate: boolean }; outputs: ['dx'] };
  /** x [..., c], gamma [c], beta [c]; mean [c] and biased variance [c] over all leading axes. */
  PleatBatchNormTrain: {
    inputs: 'x' | 'gamma' | 'beta';
    attrs: { epsilon: number };
    outputs: ['y', 'mean', 'variance'];
  };
  PleatBatchNormTrainGrad: {
    inputs: 'dy' | 'x' | 'gamma' | 'mean' | 'variance';
    attrs: { epsilon: number };
    outputs: ['dx', 'dgamma', 'dbeta'];
  };
  /** x [..., c], gamma [c], beta [c]; mean [rows] and invStd [rows], rows = size of x / c. */
  PleatLayerNorm: {
    inputs: 'x' | 'gamma' | 'beta';
    attrs: { epsilon: number };
    outputs: ['y', 'mean', 'invStd'];
  };
  PleatLayerNormGrad: {
    inputs: 'dy' | 'x' | 'gamma' | 'mean' | 'invStd';
    attrs: Record<never, never>;
    outputs: ['dx', 'dgamma', 'dbeta'];
  };
  /** logits [n, c], labels int32 [n]; loss [n] and gradient [n, c], d loss_i / d logits_i. */
  PleatSoftmaxCrossEntropy: {
    inputs: 'logits' | 'labels';
    attrs: { labelSmoothing: number };
    outputs: ['loss', 'gradient'];
  };
  /** x [n, h, w, c]; y [n, c]. */
  PleatGlobalAveragePool: { inputs: 'x'; attrs: Record<never, never>; outputs: ['y'] };
  /** dy [n, c]; dx [n, height, width, c]. */
  PleatGlobalAveragePoolGrad: {
    inputs: 'dy';
    attrs: { height: number; width: number };
    outputs: ['dx'];
  };
  /** float32 0 or 1, exactly k ones: the k largest |scores|, ties to the lower index, NaN lowest. */
  PleatTopKMask: {
    inputs: 'scores';
    attrs: { k: number; memory?: TopKMemory };
    outputs: ['mask'];
  };
  /** values times that mask, all of one shape. */
  PleatKeepTopK: {
    inputs: 'values' | 'scores';
    attrs: { k: number; memory?: TopKMemory };
    outputs: ['y'];
  };
  /** All of one shape; new tensors come back, the inputs stay. correction_i = 1 - beta_i ** step. */
  PleatAdamW: {
    inputs: 'value' | 'gradient' | 'm' | 'v';
    attrs: {
      learningRate: number;
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
      correction1: number;
      correction2: number;
    };
    outputs: ['value', 'm', 'v'];
  };
  /** All of one shape; new tensors come back, the inputs stay. weightDecay is added to the gradient. */
  PleatSgdMomentum: {
    inputs: 'value' | 'gradient' | 'velocity';
    attrs: {
      learningRate: number;
      momentum: number;
      dampening: number;
      nesterov: boolean;
      weightDecay: number;
    };
    outputs: ['value', 'velocity'];
  };
  /** q, k, v [b, h, t, d]; y [b, h, t, d] = softmax(scale q k') v. */
  PleatAttention: { inputs: 'q' | 'k' | 'v'; attrs: { scale: number }; outputs: ['y'] };
  PleatAttentionGrad: {
    inputs: 'dy' | 'q' | 'k' | 'v';
    attrs: { scale: number };
    outputs: ['dq', 'dk', 'dv'];
  };
}

/** The name of a kernel of the contract. */
export type KernelName = keyof KernelContract;
/** What a kernel of the contract reads, by name. */
export type KernelInputs<N extends KernelName> = Record<KernelContract[N]['inputs'], tf.TensorInfo>;
/** The plain values a kernel of the contract takes, by name. */
export type KernelAttributes<N extends KernelName> = KernelContract[N]['attrs'];

type TensorEach<Names extends readonly string[]> = { [I in keyof Names]: tf.Tensor };
type Outputs<N extends KernelName> = TensorEach<KernelContract[N]['outputs']>;

export const PleatGelu = 'PleatGelu';
export const PleatGeluGrad = 'PleatGeluGrad';
export const PleatBatchNormTrain = 'PleatBatchNormTrain';
export const PleatBatchNormTrainGrad = 'PleatBatchNormTrainGrad';
export const PleatLayerNorm = 'PleatLayerNorm';
export const PleatLayerNormGrad = 'PleatLayerNormGrad';
export const PleatSoftmaxCrossEntropy = 'PleatSoftmaxCrossEntropy';
export const PleatGlobalAveragePool = 'PleatGlobalAveragePool';
export const PleatGlobalAveragePoolGrad = 'PleatGlobalAveragePoolGrad';
export const PleatTopKMask = 'PleatTopKMask';
export const PleatKeepTopK = 'PleatKeepTopK';
export const PleatAdamW = 'PleatAdamW';
export const PleatSgdMomentum = 'PleatSgdMomentum';
export const PleatAttention = 'PleatAttention';
export const PleatAttentionGrad = 'PleatAttentionGrad';

/** Every kernel name of the contract. */
export const kernelNames: readonly KernelName[] = [
  PleatGelu,
  PleatGeluGrad,
  PleatBatchNormTrain,
  PleatBatchNormTrainGrad,
  PleatLayerNorm,
  PleatLayerNormGrad,
  PleatSoftmaxCrossEntropy,
  PleatGlobalAveragePool,
  PleatGlobalAveragePoolGrad,
  PleatTopKMask,
  PleatKeepTopK,
  PleatAdamW,
  PleatSgdMomentum,
  PleatAttention,
  PleatAttentionGrad,
];

/**
 * Says whether the current backend has a kernel of the contract.
 *
 * @param name - A kernel name of the contract, or of the contract of lists.
 * @returns True when the backend of `tf.getBackend()` has registered it.
 */
export function hasKernel(name: KernelName | ListKernelName): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * Runs a kernel of the contract on the current backend.
 *
 * @param name - A kernel name of the contract, one for which `hasKernel` is true.
 * @param inputs - The tensors it reads, by name.
 * @param attrs - Its plain values, by name.
 * @returns Its outputs in the order of the contract.
 * @throws Error from tfjs when the backend has no such kernel.
 */
export function runKernel<N extends KernelName>(
  name: N,
  inputs: Record<KernelContract[N]['inputs'], tf.Tensor>,
  attrs: KernelAttributes<N>,
): Outputs<N> {
  const out = tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap) as
    | tf.Tensor
    | tf.Tensor[];
  return (Array.isArray(out) ? out : [out]) as unknown as Outputs<N>;
}

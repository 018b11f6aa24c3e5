/** The ops with references in float64, and the check of value and gradients; backends run it as well. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import {
  attention,
  batchNormInfer,
  batchNormTrain,
  gelu,
  globalAveragePool,
  layerNorm,
  multiHeadAttention,
  softmaxCrossEntropy,
} from '../src/index.ts';
import * as reference from './reference.ts';
import { centralDifferences, type Vector, values } from './reference.ts';

/** An op beside the same in float64. */
export interface Case {
  /** Shapes of the inputs a gradient is taken for. */
  shapes: number[][];
  /** Per input, where its values lie; default [-2, 2). */
  ranges?: ([number, number] | undefined)[];
  run(...inputs: tf.Tensor[]): tf.Tensor;
  reference(...inputs: Vector[]): Vector;
  /** Kernels of the contract the op must ask for. */
  kernels: string[];
}

const POSITIVE: [number, number] = [0.2, 2];
const EPSILON = 1e-3;
const LABELS = [2, 0, 1, 1];
const ONE_HOT = new Float64Array(12);
LABELS.forEach((label, i) => {
  ONE_HOT[i * 3 + label] = 1;
});
const SOFT = Float64Array.from([0.5, 0.25, 0.25, 0, 1, 0, 0.25, 0.75, 0, 0.125, 0.375, 0.5]);

/** Every op with a gradient, by name. */
export const cases: Record<string, Case> = {
  'gelu, exact': {
    shapes: [[5, 7]],
    ranges: [[-6, 6]],
    run: (x) => gelu(x!),
    reference: (x) => reference.gelu(x!, false),
    kernels: ['PleatGelu', 'PleatGeluGrad'],
  },
  'gelu, tanh': {
    shapes: [[5, 7]],
    ranges: [[-6, 6]],
    run: (x) => gelu(x!, { approximate: true }),
    reference: (x) => reference.gelu(x!, true),
    kernels: ['PleatGelu', 'PleatGeluGrad'],
  },
  'batchNormTrain, rank 4': {
    shapes: [[3, 2, 2, 4], [4], [4]],
    run: (x, gamma, beta) => batchNormTrain(x!, gamma!, beta!, { epsilon: EPSILON })[0],
    reference: (x, gamma, beta) => reference.batchNormTrain(x!, gamma!, beta!, EPSILON),
    kernels: ['PleatBatchNormTrain', 'PleatBatchNormTrainGrad'],
  },
  'batchNormTrain, rank 2': {
    shapes: [[6, 3], [3], [3]],
    run: (x, gamma, beta) => batchNormTrain(x!, gamma!, beta!)[0],
    reference: (x, gamma, beta) => reference.batchNormTrain(x!, gamma!, beta!, 1e-5),
    kernels: ['PleatBatchNormTrain', 'PleatBatchNormTrainGrad'],
  },
  batchNormInfer: {
    shapes: [[2, 3, 2, 3], [3], [3], [3], [3]],
    ranges: [undefined, undefined, undefined, undefined, POSITIVE],
    run: (x, gamma, beta, mean, variance) =>
      batchNormInfer(x!, gamma!, beta!, mean!, variance!, { epsilon: EPSILON }),
    reference: (x, gamma, beta, mean, variance) =>
      reference.batchNormInfer(x!, gamma!, beta!, mean!, variance!, EPSILON),
    kernels: [],
  },
  'layerNorm, rank 3': {
    shapes: [[2, 3, 5], [5], [5]],
    run: (x, gamma, beta) => layerNorm(x!, gamma!, beta!, { epsilon: EPSILON }),
    reference: (x, gamma, beta) => reference.layerNorm(x!, gamma!, beta!, EPSILON),
    kernels: ['PleatLayerNorm', 'PleatLayerNormGrad'],
  },
  attention: {
    shapes: [
      [2, 2, 3, 4],
      [2, 2, 3, 4],
      [2, 2, 3, 4],
    ],
    run: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D),
    reference: (q, k, v) => reference.attention(q!, k!, v!, 3, 4),
    kernels: ['PleatAttention', 'PleatAttentionGrad'],
  },
  'multiHeadAttention with biases': {
    shapes: [[2, 3, 4], [4, 6], [4, 6], [4, 6], [6, 5], [6], [6], [6], [5]],
    ranges: Array.from({ length: 9 }, () => [-1, 1]),
    run: (x, q, k, v, o, qb, kb, vb, ob) =>
      multiHeadAttention(
        x as tf.Tensor3D,
        {
          queryKernel: q!,
          keyKernel: k!,
          valueKernel: v!,
          outputKernel: o!,
          queryBias: qb,
          keyBias: kb,
          valueBias: vb,
          outputBias: ob,
        },
        { heads: 3 },
      ),
    reference: multiHeadReference,
    kernels: ['PleatAttention', 'PleatAttentionGrad'],
  },
  'softmaxCrossEntropy, indices': {
    shapes: [[4, 3]],
    ranges: [[-20, 20]],
    run: (logits) => softmaxCrossEntropy(tf.tensor1d(LABELS, 'int32'), logits!),
    reference: (logits) => reference.crossEntropy(ONE_HOT, logits!, 3, 0),
    kernels: ['PleatSoftmaxCrossEntropy'],
  },
  'softmaxCrossEntropy, indices smoothed': {
    shapes: [[4, 3]],
    run: (logits) =>
      softmaxCrossEntropy(tf.tensor1d(LABELS, 'int32'), logits!, { labelSmoothing: 0.2 }),
    reference: (logits) => reference.crossEntropy(ONE_HOT, logits!, 3, 0.2),
    kernels: ['PleatSoftmaxCrossEntropy'],
  },
  'softmaxCrossEntropy, probabilities smoothed': {
    shapes: [[4, 3]],
    run: (logits) =>
      softmaxCrossEntropy(tf.tensor2d(Float32Array.from(SOFT), [4, 3]), logits!, {
        labelSmoothing: 0.1,
      }),
    reference: (logits) => reference.crossEntropy(SOFT, logits!, 3, 0.1),
    kernels: [],
  },
  globalAveragePool: {
    shapes: [[2, 3, 2, 3]],
    run: (x) => globalAveragePool(x as tf.Tensor4D),
    reference: (x) =>
      Float64Array.from({ length: 6 }, (_, i) => {
        let sum = 0;
        for (let at = 0; at < 6; at++) sum += x![Math.floor(i / 3) * 18 + at * 3 + (i % 3)]!;
        return sum / 6;
      }),
    kernels: ['PleatGlobalAveragePool', 'PleatGlobalAveragePoolGrad'],
  },
};

/** x [2, 3, 4], kernels [4, 6] and [6, 5], three heads of width 2, one head and sample at a time. */
function multiHeadReference(...inputs: Vector[]): Vector {
  const [x, q, k, v, o, qb, kb, vb, ob] = inputs as [
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  const out = new Float64Array(2 * 3 * 5);
  for (let sample = 0; sample < 2; sample++) {
    const tokens = x.subarray(sample * 12, sample * 12 + 12);
    const project = (kernel: Vector, bias: Vector) =>
      reference.product(tokens, kernel, 3, 4, 6).map((value, i) => value + bias[i % 6]!);
    const [queries, keys, vals] = [project(q, qb), project(k, kb), project(v, vb)];
    const merged = new Float64Array(18);
    for (let head = 0; head < 3; head++) {
      const columns = (m: Vector) =>
        Float64Array.from({ length: 6 }, (_, i) => m[(i >> 1) * 6 + head * 2 + (i & 1)]!);
      reference
        .attentionHead(columns(queries), columns(keys), columns(vals), 3, Math.SQRT1_2)
        .forEach((value, i) => {
          merged[(i >> 1) * 6 + head * 2 + (i & 1)] = value;
        });
    }
    reference.product(merged, o, 3, 6, 5).forEach((value, i) => {
      out[sample * 15 + i] = value + ob[i % 5]!;
    });
  }
  return out;
}

function expectClose(actual: ArrayLike<number>, wanted: Vector, tolerance: number): void {
  expect(actual.length).toBe(wanted.length);
  const size = wanted.reduce((top, v) => Math.max(top, Math.abs(v)), 0.1);
  wanted.forEach((v, i) => {
    expect(Math.abs(actual[i]! - v) / size, `value ${i}: ${actual[i]} for ${v}`).toBeLessThan(
      tolerance,
    );
  });
}

/**
 * Runs a case on the current backend: value and gradients as in float64, no tensor left.
 *
 * @param one - The case.
 * @param tolerance - How far the value and the gradients may be off, beside the largest number.
 */
export function checkCase(one: Case, tolerance = { value: 2e-6, gradient: 1e-5 }): void {
  const arrays = one.shapes.map((shape, i) =>
    values(i + 1, tf.util.sizeFromShape(shape), ...(one.ranges?.[i] ?? [])),
  );
  const exact = arrays.map((array) => Float64Array.from(array));
  const inputs = arrays.map((array, i) => tf.tensor(array, one.shapes[i]!));
  const before = tf.memory().numTensors;

  const wanted = one.reference(...exact);
  const y = tf.tidy(() => one.run(...inputs));
  expectClose(y.dataSync(), wanted, tolerance.value);

  const weights = values(99, wanted.length, -1, 1);
  const weighted = (ys: Vector) => ys.reduce((sum, v, i) => sum + v * weights[i]!, 0);
  const gradients = tf.grads((...xs: tf.Tensor[]) =>
    one
      .run(...xs)
      .mul(tf.tensor(weights, y.shape))
      .sum(),
  )(inputs);
  gradients.forEach((gradient, i) => {
    const moved = (v: Vector) =>
      weighted(one.reference(...exact.map((array, j) => (j === i ? v : array))));
    expectClose(gradient.dataSync(), centralDifferences(moved, exact[i]!), tolerance.gradient);
  });

  tf.dispose([y, gradients]);
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose(inputs);
}

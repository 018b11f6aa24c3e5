import {
  PleatBatchNormTrain,
  PleatBatchNormTrainGrad,
  PleatLayerNorm,
  PleatLayerNormGrad,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { allocate, release, run } from '../host.ts';
import { allFloat, at, type Body, make, register, sizeOf } from './tensor.ts';

/**
 * Rows of [..., c] and how many a block of sums takes: 64 KiB, few enough that a float32 sum stays exact to
 * 1e-6, at most 256 blocks.
 */
function blocks(shape: number[]): { c: number; rows: number; per: number; count: number } {
  const c = shape[shape.length - 1]!;
  const rows = sizeOf(shape.slice(0, -1));
  const per = Math.max(16, Math.min(1024, Math.ceil(16384 / c)), Math.ceil(rows / 256));
  return { c, rows, per, count: Math.ceil(rows / per) };
}

const batchNorm: Body = ({ host, inputs, attrs }) => {
  const { x, gamma, beta } = inputs as Record<'x' | 'gamma' | 'beta', typeof inputs.x & object>;
  const { epsilon } = attrs as { epsilon: number };
  const { c, rows, per, count } = blocks(x.shape);
  const [y, mean, variance] = [make(host, x.shape), make(host, [c]), make(host, [c])];
  const parts = allocate(host, (count * 3 + 2) * c * 4);
  const scale = parts + count * 3 * c * 4;
  const shift = scale + c * 4;
  run(host, 'batchMoments', [at(host, x), rows, c, per, parts], count, per * c);
  const join = [parts, rows, c, per, at(host, gamma), at(host, beta), epsilon];
  run(host, 'batchJoin', [...join, at(host, mean), at(host, variance), scale, shift], c, count * 4);
  run(host, 'batchApply', [at(host, x), c, at(host, mean), scale, shift, at(host, y)], rows, c);
  release(host, parts);
  return [y, mean, variance];
};

const batchNormGrad: Body = ({ host, inputs, attrs }) => {
  type Name = 'dy' | 'x' | 'gamma' | 'mean' | 'variance';
  const { dy, x, gamma, mean, variance } = inputs as Record<Name, typeof inputs.x & object>;
  const { epsilon } = attrs as { epsilon: number };
  const { c, rows, per, count } = blocks(x.shape);
  const [dx, dgamma, dbeta] = [make(host, x.shape), make(host, [c]), make(host, [c])];
  const parts = allocate(host, (count + 1) * 3 * c * 4);
  const factors = parts + count * 3 * c * 4;
  const [g, p, m] = [at(host, dy), at(host, x), at(host, mean)];
  run(host, 'batchGradSums', [g, p, m, rows, c, per, parts], count, per * c);
  const join = [parts, count, rows, c, at(host, gamma), at(host, variance), epsilon];
  run(host, 'batchGradJoin', [...join, at(host, dgamma), at(host, dbeta), factors], c, count * 4);
  run(host, 'batchGradApply', [g, p, c, m, factors, at(host, dx)], rows, c);
  release(host, parts);
  return [dx, dgamma, dbeta];
};

/** Batch normalisation with given statistics, the stock operation. */
const batchNormInfer: Body = ({ host, inputs, attrs }) => {
  type Given = Record<'x' | 'mean' | 'variance', tf.TensorInfo> &
    Partial<Record<'offset' | 'scale', tf.TensorInfo>>;
  const { x, mean, variance, offset, scale } = inputs as Given;
  const { varianceEpsilon } = attrs as { varianceEpsilon: number };
  const { c, rows } = blocks(x.shape);
  const parameters = [mean, variance, offset, scale];
  if (!allFloat(x, ...parameters)) return null;
  if (parameters.some((tensor) => tensor && sizeOf(tensor.shape) !== c)) return null;
  const y = make(host, x.shape);
  const factors = allocate(host, 2 * c * 4);
  const given = [scale, offset].map((tensor) => (tensor ? at(host, tensor) : 0));
  const shift = factors + c * 4;
  run(host, 'batchFactors', [at(host, variance), ...given, varianceEpsilon, factors, shift], c, 4);
  run(host, 'batchApply', [at(host, x), c, at(host, mean), factors, shift, at(host, y)], rows, c);
  release(host, factors);
  return y;
};

const layerNorm: Body = ({ host, inputs, attrs }) => {
  const { x, gamma, beta } = inputs as Record<'x' | 'gamma' | 'beta', typeof inputs.x & object>;
  const { epsilon } = attrs as { epsilon: number };
  const { c, rows } = blocks(x.shape);
  const [y, mean, invStd] = [make(host, x.shape), make(host, [rows]), make(host, [rows])];
  const parameters = [at(host, gamma), at(host, beta), epsilon];
  const outputs = [at(host, y), at(host, mean), at(host, invStd)];
  run(host, 'layerNorm', [at(host, x), c, ...parameters, ...outputs], rows, c * 2);
  return [y, mean, invStd];
};

const layerNormGrad: Body = ({ host, inputs }) => {
  type Name = 'dy' | 'x' | 'gamma' | 'mean' | 'invStd';
  const { dy, x, gamma, mean, invStd } = inputs as Record<Name, typeof inputs.x & object>;
  const { c, rows, per, count } = blocks(x.shape);
  const [dx, dgamma, dbeta] = [make(host, x.shape), make(host, [c]), make(host, [c])];
  const parts = allocate(host, (count + 1) * 2 * c * 4);
  const sums = parts + count * 2 * c * 4;
  const statistics = [at(host, gamma), at(host, mean), at(host, invStd)];
  const args = [at(host, dy), at(host, x), rows, c, per, ...statistics, at(host, dx), parts];
  run(host, 'layerNormGrad', args, count, per * c * 3);
  run(host, 'sumParts', [parts, count, 2 * c, sums], Math.ceil(c / 512), count * 1024);
  run(host, 'sumRows', [sums, 1, 1, c, 1, at(host, dgamma)], 1, c);
  run(host, 'sumRows', [sums + c * 4, 1, 1, c, 1, at(host, dbeta)], 1, c);
  release(host, parts);
  return [dx, dgamma, dbeta];
};

/** Registers batch and layer normalisation. */
export function registerNorm(): void {
  register(PleatBatchNormTrain, batchNorm);
  register(PleatBatchNormTrainGrad, batchNormGrad);
  register(tf.FusedBatchNorm, batchNormInfer);
  register(PleatLayerNorm, layerNorm);
  register(PleatLayerNormGrad, layerNormGrad);
}

import * as tf from '@tensorflow/tfjs';
import type { AxisSampler } from '../axis.ts';
import type { IntegralGroup } from '../group.ts';
import { type Covariance, placesOf } from './covariance.ts';
import { type LinearLayer, weightOf } from './layers.ts';

/** What makes the scores of attention: [dim, heads x headDim] kernels, and the queries' bias. */
interface Scoring {
  query: tf.Tensor;
  key: tf.Tensor;
  bias: tf.Tensor | null;
}

type Known = (group: IntegralGroup) => Covariance;

/** K^T C K of the columns of a kernel, its places seeing independent inputs. */
function madeOf(kernel: tf.Tensor, input: AxisSampler, known: Known, when: keyof Covariance) {
  const places = placesOf(input, when);
  const parts = input.parts.flatMap(({ group, slot: { each } }, part) => {
    const own = known(group)[when];
    return Array.from({ length: each }, (_, k) => {
      const at = (places[part] as Int32Array).filter((_, i) => i % each === k);
      const x = kernel.gather(tf.tensor1d(at, 'int32')) as tf.Tensor2D;
      return tf.matMul(x, tf.matMul(own, x), true);
    });
  });
  return tf.addN(parts) as tf.Tensor2D;
}

/**
 * How much the scores of each head vary over keys, in the mean over queries: of independent tokens of covariance C, with
 * S_q = W_q^T C W_q and S_k likewise, (tr(S_q S_k) + b_q^T S_k b_q) / headDim. Biases of keys move all scores of a query alike.
 *
 * @returns one number a head
 */
function scoreVariances(
  { query, key, bias }: Scoring,
  heads: number,
  input: AxisSampler,
  known: Known,
  when: keyof Covariance,
): tf.Tensor1D {
  const queries = madeOf(query, input, known, when);
  const keys = madeOf(key, input, known, when);
  const dim = (query.shape[1] as number) / heads;
  return tf.stack(
    Array.from({ length: heads }, (_, h) => {
      const own = (all: tf.Tensor2D) => all.slice([h * dim, h * dim], [dim, dim]);
      const mixed = own(queries).mul(own(keys)).sum();
      if (bias === null) return mixed.div(dim);
      const b = bias.slice(h * dim, dim).reshape([1, dim]);
      return mixed.add(tf.matMul(tf.matMul(b, own(keys)), b, false, true).sum()).div(dim);
    }),
  ) as tf.Tensor1D;
}

/**
 * Multiplies the queries of each head so that its scores vary as before sampling.
 *
 * @param query the queries' kernel, and `key` that of the keys, of one layer whose heads stay
 * @param layer the integral layer
 * @returns what writes them, once all is computed
 */
export function scoreRepair(
  query: LinearLayer & { input: AxisSampler },
  key: LinearLayer,
  layer: tf.layers.Layer,
  heads: number,
  known: Known,
): () => void {
  const biasBefore = weightOf(layer, 'query_bias')?.read() ?? null;
  const before = { query: query.coefficients, key: key.coefficients, bias: biasBefore };
  const bias = query.bias?.read() ?? null;
  const after = { query: query.kernel.read(), key: key.kernel.read(), bias };
  const was = scoreVariances(before, heads, query.input, known, 'before');
  const now = scoreVariances(after, heads, query.input, known, 'after');
  const ratio = tf.sqrt(was.div(tf.maximum(now, 1e-30)));
  const factors = tf.where(now.greater(1e-20), ratio, tf.onesLike(ratio));
  return () => {
    const dim = (query.kernel.shape[1] as number) / heads;
    const along = tf.tile(factors.expandDims(1), [1, dim]).flatten();
    query.kernel.write(query.kernel.read().mul(along));
    query.bias?.write(query.bias.read().mul(along));
  };
}

/** Float64 gradients, written from the closed forms with plain loops. */
import {
  attentionHead,
  columnMoments,
  erf,
  product,
  rowMoments,
  softmaxRows,
  transposed,
  type Vector,
} from './reference.ts';

export function geluGradient(dy: Vector, x: Vector, approximate: boolean): Vector {
  return x.map((v, i) => {
    if (!approximate) {
      const density = Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
      return dy[i]! * (0.5 * (1 + erf(v / Math.SQRT2)) + v * density);
    }
    const scale = Math.sqrt(2 / Math.PI);
    const t = Math.tanh(scale * (v + 0.044715 * v ** 3));
    return dy[i]! * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * scale * (1 + 3 * 0.044715 * v * v));
  });
}

/** Ioffe & Szegedy 2015, the chain of section 3, brought together. */
export function batchNormGradient(
  dy: Vector,
  x: Vector,
  gamma: Vector,
  epsilon: number,
): [Vector, Vector, Vector] {
  const c = gamma.length;
  const n = x.length / c;
  const { mean, variance } = columnMoments(x, c);
  const normal = x.map((v, i) => (v - mean[i % c]!) / Math.sqrt(variance[i % c]! + epsilon));
  const dbeta = new Float64Array(c);
  const dgamma = new Float64Array(c);
  dy.forEach((g, i) => {
    dbeta[i % c]! += g;
    dgamma[i % c]! += g * normal[i]!;
  });
  const dx = dy.map((g, i) => {
    const j = i % c;
    const slope = gamma[j]! / (n * Math.sqrt(variance[j]! + epsilon));
    return slope * (n * g - dbeta[j]! - normal[i]! * dgamma[j]!);
  });
  return [dx, dgamma, dbeta];
}

export function layerNormGradient(
  dy: Vector,
  x: Vector,
  gamma: Vector,
  epsilon: number,
): [Vector, Vector, Vector] {
  const c = gamma.length;
  const { mean, variance } = rowMoments(x, c);
  const row = (i: number) => Math.floor(i / c);
  const invStd = variance.map((v) => 1 / Math.sqrt(v + epsilon));
  const normal = x.map((v, i) => (v - mean[row(i)]!) * invStd[row(i)]!);
  const dbeta = new Float64Array(c);
  const dgamma = new Float64Array(c);
  const sum = new Float64Array(mean.length);
  const sumNormal = new Float64Array(mean.length);
  dy.forEach((g, i) => {
    dbeta[i % c]! += g;
    dgamma[i % c]! += g * normal[i]!;
    sum[row(i)]! += g * gamma[i % c]!;
    sumNormal[row(i)]! += g * gamma[i % c]! * normal[i]!;
  });
  const dx = dy.map((g, i) => {
    const centred = g * gamma[i % c]! - sum[row(i)]! / c - (normal[i]! * sumNormal[row(i)]!) / c;
    return centred * invStd[row(i)]!;
  });
  return [dx, dgamma, dbeta];
}

/** One head, [t, d]; dS = P * (dP - rowsum(dP * P)). */
function headGradient(
  dy: Vector,
  q: Vector,
  k: Vector,
  v: Vector,
  t: number,
  scale: number,
): [Vector, Vector, Vector] {
  const d = q.length / t;
  const scores = product(q, transposed(k, t, d), t, d, t).map((s) => s * scale);
  const p = softmaxRows(scores, t);
  const dp = product(dy, transposed(v, t, d), t, d, t);
  const ds = dp.map((g, i) => {
    const first = i - (i % t);
    let inner = 0;
    for (let j = first; j < first + t; j++) inner += dp[j]! * p[j]!;
    return p[i]! * (g - inner) * scale;
  });
  return [
    product(ds, k, t, t, d),
    product(transposed(ds, t, t), q, t, t, d),
    product(transposed(p, t, t), dy, t, t, d),
  ];
}

/** Many heads, [heads, t, d]. */
export function attentionGradient(
  dy: Vector,
  q: Vector,
  k: Vector,
  v: Vector,
  t: number,
  d: number,
  scale: number,
): [Vector, Vector, Vector] {
  const out = [q, k, v].map((x) => new Float64Array(x.length)) as [Vector, Vector, Vector];
  for (let at = 0; at < q.length; at += t * d) {
    const part = (x: Vector) => x.subarray(at, at + t * d);
    const grads = headGradient(part(dy), part(q), part(k), part(v), t, scale);
    grads.forEach((grad, i) => {
      out[i]!.set(grad, at);
    });
  }
  return out;
}

export function attentionForward(
  q: Vector,
  k: Vector,
  v: Vector,
  t: number,
  d: number,
  scale: number,
): Vector {
  const out = new Float64Array(q.length);
  for (let at = 0; at < q.length; at += t * d) {
    const part = (x: Vector) => x.subarray(at, at + t * d);
    out.set(attentionHead(part(q), part(k), part(v), t, scale), at);
  }
  return out;
}

/** Float64 forward functions, written from the definitions with plain loops. */

export type Vector = Float64Array;

/** erf by the all-positive series 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export function gelu(x: Vector, approximate: boolean): Vector {
  return x.map((v) => {
    if (!approximate) return 0.5 * v * (1 + erf(v / Math.SQRT2));
    return 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  });
}

/** Mean and biased variance of every column of [rows, c]. */
export function columnMoments(x: Vector, c: number): { mean: Vector; variance: Vector } {
  const rows = x.length / c;
  const mean = new Float64Array(c);
  const variance = new Float64Array(c);
  x.forEach((v, i) => {
    mean[i % c]! += v / rows;
  });
  x.forEach((v, i) => {
    variance[i % c]! += (v - mean[i % c]!) ** 2 / rows;
  });
  return { mean, variance };
}

export function batchNormInfer(
  x: Vector,
  gamma: Vector,
  beta: Vector,
  mean: Vector,
  variance: Vector,
  epsilon: number,
): Vector {
  const c = gamma.length;
  return x.map((v, i) => {
    const j = i % c;
    return (gamma[j]! * (v - mean[j]!)) / Math.sqrt(variance[j]! + epsilon) + beta[j]!;
  });
}

export function batchNormTrain(x: Vector, gamma: Vector, beta: Vector, epsilon: number): Vector {
  const { mean, variance } = columnMoments(x, gamma.length);
  return batchNormInfer(x, gamma, beta, mean, variance, epsilon);
}

export function rowMoments(x: Vector, c: number): { mean: Vector; variance: Vector } {
  const rows = x.length / c;
  const mean = new Float64Array(rows);
  const variance = new Float64Array(rows);
  x.forEach((v, i) => {
    mean[Math.floor(i / c)]! += v / c;
  });
  x.forEach((v, i) => {
    variance[Math.floor(i / c)]! += (v - mean[Math.floor(i / c)]!) ** 2 / c;
  });
  return { mean, variance };
}

export function layerNorm(x: Vector, gamma: Vector, beta: Vector, epsilon: number): Vector {
  const c = gamma.length;
  const { mean, variance } = rowMoments(x, c);
  return x.map((v, i) => {
    const row = Math.floor(i / c);
    return (gamma[i % c]! * (v - mean[row]!)) / Math.sqrt(variance[row]! + epsilon) + beta[i % c]!;
  });
}

/** a [m, k] times b [k, n]. */
export function product(a: Vector, b: Vector, m: number, k: number, n: number): Vector {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let l = 0; l < k; l++) out[i * n + j]! += a[i * k + l]! * b[l * n + j]!;
  return out;
}

export function transposed(a: Vector, rows: number, columns: number): Vector {
  return Float64Array.from(
    { length: a.length },
    (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

export function softmaxRows(x: Vector, c: number): Vector {
  const out = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += c) {
    const top = Math.max(...x.subarray(row, row + c));
    let sum = 0;
    for (let i = row; i < row + c; i++) sum += Math.exp(x[i]! - top);
    for (let i = row; i < row + c; i++) out[i] = Math.exp(x[i]! - top) / sum;
  }
  return out;
}

/** Attention of one head: q, k, v [t, d]. */
export function attentionHead(q: Vector, k: Vector, v: Vector, t: number, scale: number): Vector {
  const d = q.length / t;
  const scores = product(q, transposed(k, t, d), t, d, t).map((s) => s * scale);
  return product(softmaxRows(scores, t), v, t, t, d);
}

/** Attention of many heads: q, k, v [heads, t, d]. */
export function attention(q: Vector, k: Vector, v: Vector, t: number, d: number): Vector {
  const out = new Float64Array(q.length);
  for (let at = 0; at < q.length; at += t * d) {
    const part = (x: Vector) => x.subarray(at, at + t * d);
    out.set(attentionHead(part(q), part(k), part(v), t, 1 / Math.sqrt(d)), at);
  }
  return out;
}

/** Cross entropy of each row with probabilities smoothed by s: the mean over rows. */
export function crossEntropy(labels: Vector, logits: Vector, c: number, s: number): Vector {
  const p = softmaxRows(logits, c);
  let sum = 0;
  p.forEach((v, i) => {
    sum -= ((1 - s) * labels[i]! + s / c) * Math.log(v);
  });
  return Float64Array.of((sum * c) / logits.length);
}

/** Central differences of a scalar function of a vector. */
export function centralDifferences(f: (x: Vector) => number, x: Vector, h = 1e-5): Vector {
  return x.map((v, i) => {
    const moved = x.slice();
    moved[i] = v + h;
    const up = f(moved);
    moved[i] = v - h;
    return (up - f(moved)) / (2 * h);
  });
}

/** Deterministic values in [low, high) that float32 holds exactly. */
export function values(seed: number, n: number, low = -2, high = 2): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: n }, () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return low + ((high - low) * ((t ^ (t >>> 14)) >>> 0)) / 2 ** 32;
  });
}

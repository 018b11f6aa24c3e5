// Batch and layer normalisation.
import { total4 } from './math';

/**
 * Mean and sum of squared deviations of blocks of rows of x [rows, c]: one block fits a near cache, so
 * the two passes read main memory once. Units: blocks of `per` rows; out [blocks][2][c].
 */
export function batchMoments(
  x: usize, rows: i32, c: i32, per: i32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const row = <usize>c << 2;
  for (let unit = begin; unit < end; unit++) {
    const first = unit * per;
    const count = min(rows, first + per) - first;
    const share = <f32>1 / <f32>count;
    const means = out + unit * 2 * row;
    const squares = means + row;
    let j = 0;
    for (; j + 16 <= c; j += 16) {
      const at = x + first * row + (j << 2);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let p = at;
      for (let i = 0; i < count; i++, p += row) {
        s0 = f32x4.add(s0, v128.load(p));
        s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32));
        s3 = f32x4.add(s3, v128.load(p, 48));
      }
      const n = f32x4.splat(share);
      s0 = f32x4.mul(s0, n); s1 = f32x4.mul(s1, n); s2 = f32x4.mul(s2, n); s3 = f32x4.mul(s3, n);
      let q0 = f32x4.splat(0), q1 = q0, q2 = q0, q3 = q0;
      p = at;
      for (let i = 0; i < count; i++, p += row) {
        const d0 = f32x4.sub(v128.load(p), s0), d1 = f32x4.sub(v128.load(p, 16), s1);
        const d2 = f32x4.sub(v128.load(p, 32), s2), d3 = f32x4.sub(v128.load(p, 48), s3);
        q0 = f32x4.add(q0, f32x4.mul(d0, d0));
        q1 = f32x4.add(q1, f32x4.mul(d1, d1));
        q2 = f32x4.add(q2, f32x4.mul(d2, d2));
        q3 = f32x4.add(q3, f32x4.mul(d3, d3));
      }
      const m = means + (j << 2), v = squares + (j << 2);
      v128.store(m, s0); v128.store(m, s1, 16); v128.store(m, s2, 32); v128.store(m, s3, 48);
      v128.store(v, q0); v128.store(v, q1, 16); v128.store(v, q2, 32); v128.store(v, q3, 48);
    }
    for (; j < c; j++) {
      const at = x + first * row + (j << 2);
      let s: f32 = 0;
      let p = at;
      for (let i = 0; i < count; i++, p += row) s += load<f32>(p);
      s *= share;
      let q: f32 = 0;
      p = at;
      for (let i = 0; i < count; i++, p += row) {
        const d = load<f32>(p) - s;
        q += d * d;
      }
      store<f32>(means + (j << 2), s);
      store<f32>(squares + (j << 2), q);
    }
  }
}

/** Joins the blocks of batchMoments in order (Chan et al. 1979) and gives y = x * scale + shift. Units: channels. */
export function batchJoin(
  parts: usize, rows: i32, c: i32, per: i32, gamma: usize, beta: usize, epsilon: f32,
  mean: usize, variance: usize, scale: usize, shift: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const blocks = (rows + per - 1) / per;
  for (let j = begin; j < end; j++) {
    let n: f64 = 0, m: f64 = 0, q: f64 = 0;
    for (let b = 0; b < blocks; b++) {
      const at = parts + ((b * 2 * c + j) << 2);
      const count = <f64>(min(rows, (b + 1) * per) - b * per);
      const d = <f64>load<f32>(at) - m;
      const joined = n + count;
      m += (d * count) / joined;
      q += <f64>load<f32>(at + (<usize>c << 2)) + (d * d * n * count) / joined;
      n = joined;
    }
    const o = <usize>j << 2;
    const v = <f32>(q / n);
    const k = <f32>(<f64>load<f32>(gamma + o) / sqrt<f64>(<f64>v + <f64>epsilon));
    store<f32>(mean + o, <f32>m);
    store<f32>(variance + o, v);
    store<f32>(scale + o, k);
    store<f32>(shift + o, <f32>(<f64>load<f32>(beta + o) - m * <f64>k));
  }
}

/** Scale and shift from given statistics; gamma and beta may be 0, for 1 and 0. Units: channels. */
export function batchFactors(
  mean: usize, variance: usize, gamma: usize, beta: usize, epsilon: f32, scale: usize, shift: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let j = begin; j < end; j++) {
    const o = <usize>j << 2;
    const g = gamma ? <f64>load<f32>(gamma + o) : 1;
    const k = g / sqrt<f64>(<f64>load<f32>(variance + o) + <f64>epsilon);
    store<f32>(scale + o, <f32>k);
    store<f32>(shift + o, <f32>((beta ? <f64>load<f32>(beta + o) : 0) - <f64>load<f32>(mean + o) * k));
  }
}

/** y = x * scale + shift by channel. Units: rows. */
export function batchApply(
  x: usize, c: i32, scale: usize, shift: usize, y: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  let at = x + (<usize>begin * c << 2);
  let to = y + (<usize>begin * c << 2);
  for (let r = begin; r < end; r++) {
    let j = 0;
    for (; j + 4 <= c; j += 4, at += 16, to += 16) {
      const v = f32x4.mul(v128.load(at), v128.load(scale + (j << 2)));
      v128.store(to, f32x4.add(v, v128.load(shift + (j << 2))));
    }
    for (; j < c; j++, at += 4, to += 4) {
      store<f32>(to, load<f32>(at) * load<f32>(scale + (j << 2)) + load<f32>(shift + (j << 2)));
    }
  }
}

/** Partial sums of dy and dy * (x - mean). Units: blocks of `per` rows; out [blocks][2][c]. */
export function batchGradSums(
  dy: usize, x: usize, mean: usize, rows: i32, c: i32, per: i32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const row = <usize>c << 2;
  for (let unit = begin; unit < end; unit++) {
    const first = unit * per;
    const count = min(rows, first + per) - first;
    const plain = out + unit * 2 * row;
    const scaled = plain + row;
    let j = 0;
    for (; j + 8 <= c; j += 8) {
      const o = <usize>j << 2;
      const m0 = v128.load(mean + o), m1 = v128.load(mean + o, 16);
      let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0;
      let p = x + first * row + o;
      let g = dy + first * row + o;
      for (let i = 0; i < count; i++, p += row, g += row) {
        const g0 = v128.load(g), g1 = v128.load(g, 16);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        t0 = f32x4.add(t0, f32x4.mul(g0, f32x4.sub(v128.load(p), m0)));
        t1 = f32x4.add(t1, f32x4.mul(g1, f32x4.sub(v128.load(p, 16), m1)));
      }
      v128.store(plain + o, s0); v128.store(plain + o, s1, 16);
      v128.store(scaled + o, t0); v128.store(scaled + o, t1, 16);
    }
    for (; j < c; j++) {
      const o = <usize>j << 2;
      const m = load<f32>(mean + o);
      let s: f32 = 0, t: f32 = 0;
      let p = x + first * row + o;
      let g = dy + first * row + o;
      for (let i = 0; i < count; i++, p += row, g += row) {
        const v = load<f32>(g);
        s += v;
        t += v * (load<f32>(p) - m);
      }
      store<f32>(plain + o, s);
      store<f32>(scaled + o, t);
    }
  }
}

/** Joins batchGradSums: dgamma, dbeta, and a, b, d with dx = a * dy + b * x + d. Units: channels. */
export function batchGradJoin(
  parts: usize, blocks: i32, rows: i32, c: i32, gamma: usize, mean: usize, variance: usize, epsilon: f32,
  dgamma: usize, dbeta: usize, factors: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let j = begin; j < end; j++) {
    let s: f64 = 0, t: f64 = 0;
    for (let b = 0; b < blocks; b++) {
      const at = parts + ((b * 2 * c + j) << 2);
      s += <f64>load<f32>(at);
      t += <f64>load<f32>(at + (<usize>c << 2));
    }
    const o = <usize>j << 2;
    const inv = 1 / sqrt<f64>(<f64>load<f32>(variance + o) + <f64>epsilon);
    const dg = t * inv;
    const a = <f64>load<f32>(gamma + o) * inv;
    const b = (-a * inv * dg) / <f64>rows;
    store<f32>(dgamma + o, <f32>dg);
    store<f32>(dbeta + o, <f32>s);
    store<f32>(factors + o, <f32>a);
    store<f32>(factors + o + (<usize>c << 2), <f32>b);
    store<f32>(factors + o + (<usize>c << 3), <f32>((-a * s) / <f64>rows - b * <f64>load<f32>(mean + o)));
  }
}

/** dx = a * dy + b * x + d by channel. Units: rows. */
export function batchGradApply(
  dy: usize, x: usize, c: i32, factors: usize, dx: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const start = <usize>begin * c << 2;
  let g = dy + start, p = x + start, to = dx + start;
  const second = factors + (<usize>c << 2), third = second + (<usize>c << 2);
  for (let r = begin; r < end; r++) {
    let j = 0;
    for (; j + 4 <= c; j += 4, g += 16, p += 16, to += 16) {
      const o = <usize>j << 2;
      const v = f32x4.add(
        f32x4.mul(v128.load(g), v128.load(factors + o)),
        f32x4.mul(v128.load(p), v128.load(second + o)),
      );
      v128.store(to, f32x4.add(v, v128.load(third + o)));
    }
    for (; j < c; j++, g += 4, p += 4, to += 4) {
      const o = <usize>j << 2;
      const v = load<f32>(g) * load<f32>(factors + o) + load<f32>(p) * load<f32>(second + o);
      store<f32>(to, v + load<f32>(third + o));
    }
  }
}

/** Units: rows. */
export function layerNorm(
  x: usize, c: i32, gamma: usize, beta: usize, epsilon: f32, y: usize, mean: usize, invStd: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let r = begin; r < end; r++) {
    const from = x + (<usize>r * c << 2);
    const to = y + (<usize>r * c << 2);
    let v = f32x4.splat(0);
    let j = 0;
    for (; j + 4 <= c; j += 4) v = f32x4.add(v, v128.load(from + (j << 2)));
    let m = total4(v);
    for (; j < c; j++) m += load<f32>(from + (j << 2));
    m /= <f32>c;
    const m4 = f32x4.splat(m);
    v = f32x4.splat(0);
    for (j = 0; j + 4 <= c; j += 4) {
      const d = f32x4.sub(v128.load(from + (j << 2)), m4);
      v = f32x4.add(v, f32x4.mul(d, d));
    }
    let q = total4(v);
    for (; j < c; j++) {
      const d = load<f32>(from + (j << 2)) - m;
      q += d * d;
    }
    const inv = <f32>1 / sqrt<f32>(q / <f32>c + epsilon);
    store<f32>(mean + (r << 2), m);
    store<f32>(invStd + (r << 2), inv);
    const i4 = f32x4.splat(inv);
    for (j = 0; j + 4 <= c; j += 4) {
      const o = <usize>j << 2;
      const d = f32x4.mul(f32x4.sub(v128.load(from + o), m4), i4);
      v128.store(to + o, f32x4.add(f32x4.mul(d, v128.load(gamma + o)), v128.load(beta + o)));
    }
    for (; j < c; j++) {
      const o = <usize>j << 2;
      store<f32>(to + o, (load<f32>(from + o) - m) * inv * load<f32>(gamma + o) + load<f32>(beta + o));
    }
  }
}

/** Units: blocks of `per` rows; parts [blocks][2][c] takes the partial sums of dgamma and dbeta. */
export function layerNormGrad(
  dy: usize, x: usize, rows: i32, c: i32, per: i32, gamma: usize, mean: usize, invStd: usize, dx: usize,
  parts: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const row = <usize>c << 2;
  for (let unit = begin; unit < end; unit++) {
    const sumGamma = parts + unit * 2 * row;
    const sumBeta = sumGamma + row;
    memory.fill(sumGamma, 0, row * 2);
    for (let r = unit * per, last = min(rows, (unit + 1) * per); r < last; r++) {
      const g = dy + r * row, p = x + r * row, to = dx + r * row;
      const m = load<f32>(mean + (r << 2)), inv = load<f32>(invStd + (r << 2));
      const m4 = f32x4.splat(m), i4 = f32x4.splat(inv);
      let v = f32x4.splat(0), w = v;
      let j = 0;
      for (; j + 4 <= c; j += 4) {
        const o = <usize>j << 2;
        const d = v128.load(g + o);
        const n = f32x4.mul(f32x4.sub(v128.load(p + o), m4), i4);
        const dn = f32x4.mul(d, v128.load(gamma + o));
        v = f32x4.add(v, dn);
        w = f32x4.add(w, f32x4.mul(dn, n));
        v128.store(sumGamma + o, f32x4.add(v128.load(sumGamma + o), f32x4.mul(d, n)));
        v128.store(sumBeta + o, f32x4.add(v128.load(sumBeta + o), d));
      }
      let s = total4(v), t = total4(w);
      for (; j < c; j++) {
        const o = <usize>j << 2;
        const d = load<f32>(g + o);
        const n = (load<f32>(p + o) - m) * inv;
        s += d * load<f32>(gamma + o);
        t += d * load<f32>(gamma + o) * n;
        store<f32>(sumGamma + o, load<f32>(sumGamma + o) + d * n);
        store<f32>(sumBeta + o, load<f32>(sumBeta + o) + d);
      }
      s /= <f32>c;
      t /= <f32>c;
      const s4 = f32x4.splat(s), t4 = f32x4.splat(t);
      for (j = 0; j + 4 <= c; j += 4) {
        const o = <usize>j << 2;
        const n = f32x4.mul(f32x4.sub(v128.load(p + o), m4), i4);
        const d = f32x4.sub(f32x4.mul(v128.load(g + o), v128.load(gamma + o)), s4);
        v128.store(to + o, f32x4.mul(f32x4.sub(d, f32x4.mul(n, t4)), i4));
      }
      for (; j < c; j++) {
        const o = <usize>j << 2;
        const n = (load<f32>(p + o) - m) * inv;
        store<f32>(to + o, (load<f32>(g + o) * load<f32>(gamma + o) - s - n * t) * inv);
      }
    }
  }
}

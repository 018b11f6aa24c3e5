// Batch normalisation.

/**
 * Mean, what rounding took from it, and sum of squared deviations of blocks of rows of x [rows, c]: one
 * block fits a near cache, so the two passes read main memory once. Units: blocks of `per` rows; out
 * [blocks][3][c].
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
    const means = out + unit * 3 * row;
    const rests = means + row;
    const squares = rests + row;
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
      let q0 = f32x4.splat(0), q1 = q0, q2 = q0, q3 = q0, r0 = q0, r1 = q0, r2 = q0, r3 = q0;
      p = at;
      for (let i = 0; i < count; i++, p += row) {
        let d = f32x4.sub(v128.load(p), s0);
        r0 = f32x4.add(r0, d);
        q0 = f32x4.add(q0, f32x4.mul(d, d));
        d = f32x4.sub(v128.load(p, 16), s1);
        r1 = f32x4.add(r1, d);
        q1 = f32x4.add(q1, f32x4.mul(d, d));
        d = f32x4.sub(v128.load(p, 32), s2);
        r2 = f32x4.add(r2, d);
        q2 = f32x4.add(q2, f32x4.mul(d, d));
        d = f32x4.sub(v128.load(p, 48), s3);
        r3 = f32x4.add(r3, d);
        q3 = f32x4.add(q3, f32x4.mul(d, d));
      }
      r0 = f32x4.mul(r0, n); r1 = f32x4.mul(r1, n); r2 = f32x4.mul(r2, n); r3 = f32x4.mul(r3, n);
      const m = means + (j << 2), rest = rests + (j << 2), v = squares + (j << 2);
      v128.store(m, s0); v128.store(m, s1, 16); v128.store(m, s2, 32); v128.store(m, s3, 48);
      v128.store(rest, r0); v128.store(rest, r1, 16); v128.store(rest, r2, 32); v128.store(rest, r3, 48);
      v128.store(v, q0); v128.store(v, q1, 16); v128.store(v, q2, 32); v128.store(v, q3, 48);
    }
    for (; j < c; j++) {
      const at = x + first * row + (j << 2);
      let s: f32 = 0;
      let p = at;
      for (let i = 0; i < count; i++, p += row) s += load<f32>(p);
      s *= share;
      let q: f32 = 0, rest: f32 = 0;
      p = at;
      for (let i = 0; i < count; i++, p += row) {
        const d = load<f32>(p) - s;
        rest += d;
        q += d * d;
      }
      store<f32>(means + (j << 2), s);
      store<f32>(rests + (j << 2), rest * share);
      store<f32>(squares + (j << 2), q);
    }
  }
}

/**
 * Joins the blocks of batchMoments in order (Chan et al. 1979) and gives y = (x - mean) * scale + shift;
 * the shift takes in what rounding the mean to float32 leaves out. Units: channels.
 */
export function batchJoin(
  parts: usize, rows: i32, c: i32, per: i32, gamma: usize, beta: usize, epsilon: f32,
  mean: usize, variance: usize, scale: usize, shift: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const blocks = (rows + per - 1) / per;
  for (let j = begin; j < end; j++) {
    let n: f64 = 0, m: f64 = 0, q: f64 = 0;
    for (let b = 0; b < blocks; b++) {
      const at = parts + ((b * 3 * c + j) << 2);
      const count = <f64>(min(rows, (b + 1) * per) - b * per);
      const rest = <f64>load<f32>(at + (<usize>c << 2));
      const d = <f64>load<f32>(at) + rest - m;
      const joined = n + count;
      m += (d * count) / joined;
      // The squares were taken about the block's rounded mean.
      const square = <f64>load<f32>(at + (<usize>c << 3)) - rest * rest * count;
      q += square + (d * d * n * count) / joined;
      n = joined;
    }
    const o = <usize>j << 2;
    const v = <f32>max<f64>(0, q / n);
    const k = <f32>(<f64>load<f32>(gamma + o) / sqrt<f64>(<f64>v + <f64>epsilon));
    store<f32>(mean + o, <f32>m);
    store<f32>(variance + o, v);
    store<f32>(scale + o, k);
    store<f32>(shift + o, <f32>(<f64>load<f32>(beta + o) - (m - <f64><f32>m) * <f64>k));
  }
}

/** Scale and shift about a given mean; gamma and beta may be 0, for 1 and 0. Units: channels. */
export function batchFactors(
  variance: usize, gamma: usize, beta: usize, epsilon: f32, scale: usize, shift: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let j = begin; j < end; j++) {
    const o = <usize>j << 2;
    const g = gamma ? <f64>load<f32>(gamma + o) : 1;
    const k = g / sqrt<f64>(<f64>load<f32>(variance + o) + <f64>epsilon);
    store<f32>(scale + o, <f32>k);
    store<f32>(shift + o, beta ? load<f32>(beta + o) : 0);
  }
}

/** y = (x - mean) * scale + shift by channel: the difference first, which is exact near the mean. Units: rows. */
export function batchApply(
  x: usize, c: i32, mean: usize, scale: usize, shift: usize, y: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  let at = x + (<usize>begin * c << 2);
  let to = y + (<usize>begin * c << 2);
  for (let r = begin; r < end; r++) {
    let j = 0;
    for (; j + 4 <= c; j += 4, at += 16, to += 16) {
      const o = <usize>j << 2;
      const v = f32x4.mul(f32x4.sub(v128.load(at), v128.load(mean + o)), v128.load(scale + o));
      v128.store(to, f32x4.add(v, v128.load(shift + o)));
    }
    for (; j < c; j++, at += 4, to += 4) {
      const o = <usize>j << 2;
      store<f32>(to, (load<f32>(at) - load<f32>(mean + o)) * load<f32>(scale + o) + load<f32>(shift + o));
    }
  }
}

/** Partial sums of dy, dy * (x - mean) and x - mean. Units: blocks of `per` rows; out [blocks][3][c]. */
export function batchGradSums(
  dy: usize, x: usize, mean: usize, rows: i32, c: i32, per: i32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const row = <usize>c << 2;
  for (let unit = begin; unit < end; unit++) {
    const first = unit * per;
    const count = min(rows, first + per) - first;
    const plain = out + unit * 3 * row;
    const scaled = plain + row;
    const rests = scaled + row;
    let j = 0;
    for (; j + 8 <= c; j += 8) {
      const o = <usize>j << 2;
      const m0 = v128.load(mean + o), m1 = v128.load(mean + o, 16);
      let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0, r0 = s0, r1 = s0;
      let p = x + first * row + o;
      let g = dy + first * row + o;
      for (let i = 0; i < count; i++, p += row, g += row) {
        const g0 = v128.load(g), g1 = v128.load(g, 16);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        const d0 = f32x4.sub(v128.load(p), m0), d1 = f32x4.sub(v128.load(p, 16), m1);
        r0 = f32x4.add(r0, d0);
        r1 = f32x4.add(r1, d1);
        t0 = f32x4.add(t0, f32x4.mul(g0, d0));
        t1 = f32x4.add(t1, f32x4.mul(g1, d1));
      }
      v128.store(plain + o, s0); v128.store(plain + o, s1, 16);
      v128.store(scaled + o, t0); v128.store(scaled + o, t1, 16);
      v128.store(rests + o, r0); v128.store(rests + o, r1, 16);
    }
    for (; j < c; j++) {
      const o = <usize>j << 2;
      const m = load<f32>(mean + o);
      let s: f32 = 0, t: f32 = 0, rest: f32 = 0;
      let p = x + first * row + o;
      let g = dy + first * row + o;
      for (let i = 0; i < count; i++, p += row, g += row) {
        const v = load<f32>(g);
        const d = load<f32>(p) - m;
        s += v;
        t += v * d;
        rest += d;
      }
      store<f32>(plain + o, s);
      store<f32>(scaled + o, t);
      store<f32>(rests + o, rest);
    }
  }
}

/**
 * Joins batchGradSums: dgamma, dbeta, and a, b, d with dx = a * dy + b * (x - mean) + d. The mean came
 * as float32; the sums of x - mean say how far it is from the true one. Units: channels.
 */
export function batchGradJoin(
  parts: usize, blocks: i32, rows: i32, c: i32, gamma: usize, variance: usize, epsilon: f32,
  dgamma: usize, dbeta: usize, factors: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let j = begin; j < end; j++) {
    let s: f64 = 0, t: f64 = 0, rest: f64 = 0;
    for (let b = 0; b < blocks; b++) {
      const at = parts + ((b * 3 * c + j) << 2);
      s += <f64>load<f32>(at);
      t += <f64>load<f32>(at + (<usize>c << 2));
      rest += <f64>load<f32>(at + (<usize>c << 3));
    }
    rest /= <f64>rows;
    t -= s * rest;
    const o = <usize>j << 2;
    const inv = 1 / sqrt<f64>(<f64>load<f32>(variance + o) + <f64>epsilon);
    const dg = t * inv;
    const a = <f64>load<f32>(gamma + o) * inv;
    const b = (-a * inv * dg) / <f64>rows;
    store<f32>(dgamma + o, <f32>dg);
    store<f32>(dbeta + o, <f32>s);
    store<f32>(factors + o, <f32>a);
    store<f32>(factors + o + (<usize>c << 2), <f32>b);
    store<f32>(factors + o + (<usize>c << 3), <f32>((-a * s) / <f64>rows - b * rest));
  }
}

/** dx = a * dy + b * (x - mean) + d by channel. Units: rows. */
export function batchGradApply(
  dy: usize, x: usize, c: i32, mean: usize, factors: usize, dx: usize,
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
        f32x4.mul(f32x4.sub(v128.load(p), v128.load(mean + o)), v128.load(second + o)),
      );
      v128.store(to, f32x4.add(v, v128.load(third + o)));
    }
    for (; j < c; j++, g += 4, p += 4, to += 4) {
      const o = <usize>j << 2;
      const d = load<f32>(p) - load<f32>(mean + o);
      store<f32>(to, load<f32>(g) * load<f32>(factors + o) + d * load<f32>(second + o) + load<f32>(third + o));
    }
  }
}

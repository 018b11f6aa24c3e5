// Layer normalisation.
import { total4 } from './math';

/** What a float32 mean leaves out: the mean of x - mean over c floats. */
function restOf(x: usize, c: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let v = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= c; j += 4) v = f32x4.add(v, f32x4.sub(v128.load(x + (j << 2)), m));
  let rest = total4(v);
  for (; j < c; j++) rest += load<f32>(x + (j << 2)) - mean;
  return rest / <f32>c;
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
    const about: f32 = m / <f32>c;
    const left = restOf(from, c, about);
    m = about + left;
    // Exactly what the sum lost by rounding (Dekker 1971).
    const rest: f32 = left - (m - about);
    const m4 = f32x4.splat(m), rest4 = f32x4.splat(rest);
    v = f32x4.splat(0);
    for (j = 0; j + 4 <= c; j += 4) {
      const d = f32x4.sub(f32x4.sub(v128.load(from + (j << 2)), m4), rest4);
      v = f32x4.add(v, f32x4.mul(d, d));
    }
    let q = total4(v);
    for (; j < c; j++) {
      const d = load<f32>(from + (j << 2)) - m - rest;
      q += d * d;
    }
    const inv = <f32>1 / sqrt<f32>(q / <f32>c + epsilon);
    store<f32>(mean + (r << 2), m);
    store<f32>(invStd + (r << 2), inv);
    const i4 = f32x4.splat(inv);
    for (j = 0; j + 4 <= c; j += 4) {
      const o = <usize>j << 2;
      const d = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(from + o), m4), rest4), i4);
      v128.store(to + o, f32x4.add(f32x4.mul(d, v128.load(gamma + o)), v128.load(beta + o)));
    }
    for (; j < c; j++) {
      const o = <usize>j << 2;
      store<f32>(to + o, (load<f32>(from + o) - m - rest) * inv * load<f32>(gamma + o) + load<f32>(beta + o));
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
      const rest = restOf(p, c, m);
      const m4 = f32x4.splat(m), rest4 = f32x4.splat(rest), i4 = f32x4.splat(inv);
      let v = f32x4.splat(0), w = v;
      let j = 0;
      for (; j + 4 <= c; j += 4) {
        const o = <usize>j << 2;
        const d = v128.load(g + o);
        const n = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(p + o), m4), rest4), i4);
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
        const n = (load<f32>(p + o) - m - rest) * inv;
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
        const n = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(p + o), m4), rest4), i4);
        const d = f32x4.sub(f32x4.mul(v128.load(g + o), v128.load(gamma + o)), s4);
        v128.store(to + o, f32x4.mul(f32x4.sub(d, f32x4.mul(n, t4)), i4));
      }
      for (; j < c; j++) {
        const o = <usize>j << 2;
        const n = (load<f32>(p + o) - m - rest) * inv;
        store<f32>(to + o, (load<f32>(g + o) * load<f32>(gamma + o) - s - n * t) * inv);
      }
    }
  }
}

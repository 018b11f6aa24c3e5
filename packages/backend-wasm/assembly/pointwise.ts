// One pass over memory: GELU, binary ops, optimisers. Units are blocks of 1,024 floats: tensors come from
// malloc, so a block's start is aligned and only the last one has a tail.
import { erf4, exp4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
const SPAN: i32 = 1024;

/** Loads four floats, or the `left` last ones with zeros behind. */
// @ts-ignore: decorator
@inline
function loadSome(at: usize, left: i32): v128 {
  if (left >= 4) return v128.load(at);
  let v = f32x4.splat(0);
  v = f32x4.replace_lane(v, 0, load<f32>(at));
  if (left > 1) v = f32x4.replace_lane(v, 1, load<f32>(at, 4));
  if (left > 2) v = f32x4.replace_lane(v, 2, load<f32>(at, 8));
  return v;
}

// @ts-ignore: decorator
@inline
function storeSome(at: usize, v: v128, left: i32): void {
  if (left >= 4) {
    v128.store(at, v);
    return;
  }
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (left > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (left > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  const half = f32x4.mul(x, f32x4.splat(0.5));
  return f32x4.add(half, f32x4.mul(half, erf4(f32x4.mul(x, f32x4.splat(0.7071067811865476)))));
}

// @ts-ignore: decorator
@inline
function inner4(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  return tanh4(f32x4.mul(f32x4.add(x, f32x4.mul(cube, f32x4.splat(0.044715))), f32x4.splat(0.7978845608028654)));
}

/** The slope of gelu. One e^(-x^2 / 2) serves the density and erf (Abramowitz & Stegun 7.1.26, 1.5e-7). */
// @ts-ignore: decorator
@inline
function slope4(value: v128): v128 {
  const one = f32x4.splat(1);
  // Beyond 13 the slope is 0 or 1 in float32; exp4 does not reach 0 by itself.
  const x = f32x4.min(f32x4.max(value, f32x4.splat(-13)), f32x4.splat(13));
  const e = v128.and(
    exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.lt(f32x4.abs(x), f32x4.splat(13)),
  );
  // p / sqrt(2) = 0.3275911 / 1.4142135
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(f32x4.abs(x), f32x4.splat(0.23164189))));
  let p = f32x4.splat(0.5307027145);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.7265760135));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.7107068705));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.142248368));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.127414796));
  // The upper tail 1 - Phi(|x|), then Phi(x) by symmetry.
  const tail = f32x4.mul(f32x4.mul(p, t), e);
  const phi = v128.bitselect(f32x4.sub(one, tail), tail, f32x4.ge(x, f32x4.splat(0)));
  return f32x4.add(phi, f32x4.mul(f32x4.mul(x, f32x4.splat(0.3989422804014327)), e));
}

/** The slope of gelu in its tanh form. */
// @ts-ignore: decorator
@inline
function slopeTanh4(value: v128): v128 {
  const one = f32x4.splat(1);
  // Beyond 13 the slope is 0 or 1 in float32, and the square below could be infinite.
  const x = f32x4.min(f32x4.max(value, f32x4.splat(-13)), f32x4.splat(13));
  const t = inner4(x);
  const inner = f32x4.add(
    f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.1070322243)), f32x4.splat(0.7978845608028654),
  );
  const curved = f32x4.mul(f32x4.mul(x, f32x4.sub(one, f32x4.mul(t, t))), inner);
  return f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.add(one, t), curved));
}

// @ts-ignore: decorator
@inline
function geluTanh4(x: v128): v128 {
  const half = f32x4.mul(x, f32x4.splat(0.5));
  return f32x4.add(half, f32x4.mul(half, inner4(x)));
}

export function gelu(x: usize, y: usize, size: i32, approximate: i32, begin: i32, end: i32, scratch: usize): void {
  const last = min(size, end * SPAN);
  let i = begin * SPAN;
  if (approximate) {
    for (; i + 4 <= last; i += 4) v128.store(y + (i << 2), geluTanh4(v128.load(x + (i << 2))));
    if (i < last) storeSome(y + (i << 2), geluTanh4(loadSome(x + (i << 2), last - i)), last - i);
  } else {
    // Two at a time: each is one long chain of dependent steps.
    for (; i + 8 <= last; i += 8) {
      const v = gelu4(v128.load(x + (i << 2)));
      const w = gelu4(v128.load(x + (i << 2), 16));
      v128.store(y + (i << 2), v);
      v128.store(y + (i << 2), w, 16);
    }
    for (; i < last; i += 4) storeSome(y + (i << 2), gelu4(loadSome(x + (i << 2), last - i)), last - i);
  }
}

export function geluGrad(
  dy: usize, x: usize, dx: usize, size: i32, approximate: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const last = min(size, end * SPAN);
  let i = begin * SPAN;
  if (approximate) {
    for (; i < last; i += 4) {
      const o = <usize>i << 2;
      const d = slopeTanh4(loadSome(x + o, last - i));
      storeSome(dx + o, f32x4.mul(loadSome(dy + o, last - i), d), last - i);
    }
  } else {
    for (; i + 8 <= last; i += 8) {
      const o = <usize>i << 2;
      const v = slope4(v128.load(x + o));
      const w = slope4(v128.load(x + o, 16));
      v128.store(dx + o, f32x4.mul(v128.load(dy + o), v));
      v128.store(dx + o, f32x4.mul(v128.load(dy + o, 16), w), 16);
    }
    for (; i < last; i += 4) {
      const o = <usize>i << 2;
      const d = slope4(loadSome(x + o, last - i));
      storeSome(dx + o, f32x4.mul(loadSome(dy + o, last - i), d), last - i);
    }
  }
}

// @ts-ignore: decorator
@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == 0) return f32x4.add(a, b);
  if (op == 1) return f32x4.sub(a, b);
  if (op == 2) return f32x4.mul(a, b);
  return f32x4.div(a, b);
}

// @ts-ignore: decorator
@inline
function combine(op: i32, a: usize, b: usize, out: usize, scalar: i32, first: i32, last: i32): void {
  if (scalar == 0) {
    let i = first;
    for (; i + 4 <= last; i += 4) {
      const o = <usize>i << 2;
      v128.store(out + o, apply(op, v128.load(a + o), v128.load(b + o)));
    }
    for (; i < last; i += 4) {
      const o = <usize>i << 2;
      storeSome(out + o, apply(op, loadSome(a + o, last - i), loadSome(b + o, last - i)), last - i);
    }
  } else if (scalar == 1) {
    const v = v128.load_splat<f32>(a);
    for (let i = first; i < last; i += 4) {
      const o = <usize>i << 2;
      storeSome(out + o, apply(op, v, loadSome(b + o, last - i)), last - i);
    }
  } else {
    const v = v128.load_splat<f32>(b);
    for (let i = first; i < last; i += 4) {
      const o = <usize>i << 2;
      storeSome(out + o, apply(op, loadSome(a + o, last - i), v), last - i);
    }
  }
}

/** op: 0 add, 1 subtract, 2 multiply, 3 divide; scalar: 0 none, 1 a is one number, 2 b is. */
export function binary(
  a: usize, b: usize, out: usize, size: i32, op: i32, scalar: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const first = begin * SPAN;
  const last = min(size, end * SPAN);
  if (op == 0) combine(0, a, b, out, scalar, first, last);
  else if (op == 1) combine(1, a, b, out, scalar, first, last);
  else if (op == 2) combine(2, a, b, out, scalar, first, last);
  else combine(3, a, b, out, scalar, first, last);
}

/** op: 0 relu, 1 relu6, 2 step (1 above zero, else `first`), 3 between first and second; NaN stays. */
export function unary(
  x: usize, y: usize, size: i32, op: i32, first: f32, second: f32,
  begin: i32, end: i32, scratch: usize,
): void {
  const last = min(size, end * SPAN);
  const zero = f32x4.splat(0), six = f32x4.splat(6), one = f32x4.splat(1), low = f32x4.splat(first);
  const high = f32x4.splat(second);
  for (let i = begin * SPAN; i < last; i += 4) {
    const o = <usize>i << 2;
    let v = loadSome(x + o, last - i);
    if (op == 2) {
      const known = v128.bitselect(one, low, f32x4.gt(v, zero));
      v = v128.bitselect(known, v, f32x4.eq(v, v));
    } else if (op == 3) {
      v = f32x4.min(f32x4.max(v, low), high);
    } else {
      v = f32x4.max(v, zero);
      if (op == 1) v = f32x4.min(v, six);
    }
    storeSome(y + o, v, last - i);
  }
}

export function adamW(
  value: usize, gradient: usize, m: usize, v: usize, newValue: usize, newM: usize, newV: usize, size: i32,
  rate: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, epsilon: f32, keep: f32,
  inverse1: f32, inverse2: f32,
  begin: i32, end: i32, scratch: usize,
): void {
  const last = min(size, end * SPAN);
  for (let i = begin * SPAN; i < last; i += 4) {
    const o = <usize>i << 2;
    const left = last - i;
    const g = loadSome(gradient + o, left);
    const first = f32x4.add(
      f32x4.mul(loadSome(m + o, left), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(rest1)),
    );
    const second = f32x4.add(
      f32x4.mul(loadSome(v + o, left), f32x4.splat(beta2)),
      f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest2)),
    );
    const root = f32x4.sqrt(f32x4.mul(second, f32x4.splat(inverse2)));
    const step = f32x4.div(
      f32x4.mul(f32x4.mul(first, f32x4.splat(inverse1)), f32x4.splat(rate)),
      f32x4.add(root, f32x4.splat(epsilon)),
    );
    storeSome(newM + o, first, left);
    storeSome(newV + o, second, left);
    storeSome(newValue + o, f32x4.sub(f32x4.mul(loadSome(value + o, left), f32x4.splat(keep)), step), left);
  }
}

export function sgdMomentum(
  value: usize, gradient: usize, velocity: usize, newValue: usize, newVelocity: usize, size: i32,
  rate: f32, momentum: f32, rest: f32, nesterov: i32, decay: f32,
  begin: i32, end: i32, scratch: usize,
): void {
  const last = min(size, end * SPAN);
  for (let i = begin * SPAN; i < last; i += 4) {
    const o = <usize>i << 2;
    const left = last - i;
    const x = loadSome(value + o, left);
    const g = f32x4.add(loadSome(gradient + o, left), f32x4.mul(x, f32x4.splat(decay)));
    const v = f32x4.add(
      f32x4.mul(loadSome(velocity + o, left), f32x4.splat(momentum)), f32x4.mul(g, f32x4.splat(rest)),
    );
    const step = nesterov ? f32x4.add(g, f32x4.mul(v, f32x4.splat(momentum))) : v;
    storeSome(newVelocity + o, v, left);
    storeSome(newValue + o, f32x4.sub(x, f32x4.mul(step, f32x4.splat(rate))), left);
  }
}

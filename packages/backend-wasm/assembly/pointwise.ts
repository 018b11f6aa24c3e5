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

export function gelu(x: usize, y: usize, size: i32, approximate: i32, begin: i32, end: i32, scratch: usize): void {
  const last = min(size, end * SPAN);
  if (approximate) {
    for (let i = begin * SPAN; i < last; i += 4) {
      const v = loadSome(x + (i << 2), last - i);
      const half = f32x4.mul(v, f32x4.splat(0.5));
      storeSome(y + (i << 2), f32x4.add(half, f32x4.mul(half, inner4(v))), last - i);
    }
  } else {
    for (let i = begin * SPAN; i < last; i += 4) {
      storeSome(y + (i << 2), gelu4(loadSome(x + (i << 2), last - i)), last - i);
    }
  }
}

export function geluGrad(
  dy: usize, x: usize, dx: usize, size: i32, approximate: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const last = min(size, end * SPAN);
  const half = f32x4.splat(0.5), one = f32x4.splat(1);
  if (approximate) {
    for (let i = begin * SPAN; i < last; i += 4) {
      const v = loadSome(x + (i << 2), last - i);
      const t = inner4(v);
      const slope = f32x4.add(
        f32x4.mul(f32x4.mul(v, v), f32x4.splat(0.1070322243)), f32x4.splat(0.7978845608028654),
      );
      const curved = f32x4.mul(f32x4.mul(v, f32x4.sub(one, f32x4.mul(t, t))), slope);
      const d = f32x4.mul(half, f32x4.add(f32x4.add(one, t), curved));
      storeSome(dx + (i << 2), f32x4.mul(loadSome(dy + (i << 2), last - i), d), last - i);
    }
  } else {
    for (let i = begin * SPAN; i < last; i += 4) {
      const v = loadSome(x + (i << 2), last - i);
      const phi = f32x4.add(half, f32x4.mul(half, erf4(f32x4.mul(v, f32x4.splat(0.7071067811865476)))));
      const density = exp4(f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5)));
      const d = f32x4.add(phi, f32x4.mul(f32x4.mul(v, f32x4.splat(0.3989422804014327)), density));
      storeSome(dx + (i << 2), f32x4.mul(loadSome(dy + (i << 2), last - i), d), last - i);
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
    for (let i = first; i < last; i += 4) {
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

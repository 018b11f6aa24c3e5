// Transcendentals on four lanes. AssemblyScript's own Math keeps tables in static memory, and static
// memory of this module would overwrite the heap of tfjs, which it shares: polynomials only.

/** e^x, relative error below 2e-7 (Cephes expf); saturates instead of reaching 0 or infinity. */
// @ts-ignore: decorator
@inline
export function exp4(value: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(value, f32x4.splat(88.0)), f32x4.splat(-87.3));
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits: no conversion is needed.
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), magic);
  const n = f32x4.sub(shifted, magic);
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23));
  return f32x4.mul(p, power);
}

/** erf(x), absolute error below 2e-7: the rational approximation of Eigen and XLA; exactly 1 or -1 far out. */
// @ts-ignore: decorator
@inline
export function erf4(value: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(value, f32x4.splat(3.9)), f32x4.splat(-3.9));
  const s = f32x4.mul(x, x);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(2.77068142495902e-8));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.10102402082508e-6));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-5.69250639462346e-5));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-7.34990630326855e-4));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.95459980854025e-3));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-2.13374055278905e-4));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.68282697438203e-3));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-7.37332916720468e-3));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.42647390514189e-2));
  // The approximation ends 1e-7 short of 1, which a large x would multiply.
  const one = v128.bitselect(f32x4.splat(1), value, i32x4.splat(0x7fffffff));
  const near = f32x4.div(f32x4.mul(x, p), q);
  return v128.bitselect(one, near, f32x4.ge(f32x4.abs(value), f32x4.splat(3.9)));
}

/** tanh(x) = 1 - 2 / (e^2x + 1), absolute error below 2e-7. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const e = exp4(f32x4.add(x, x));
  return f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
}

/** e^x of one number, by the same polynomial. */
// @ts-ignore: decorator
@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** ln(x) for x > 0 (Cephes logf). */
export function log1(value: f32): f32 {
  const bits = reinterpret<i32>(value);
  let e = (bits >>> 23) - 126;
  let x = reinterpret<f32>((bits & 0x7fffff) | 0x3f000000);
  if (x < 0.707106781186547524) {
    e -= 1;
    x = x + x - 1;
  } else {
    x = x - 1;
  }
  const z = x * x;
  let p: f32 = 7.0376836292e-2;
  p = p * x + -1.1514610310e-1;
  p = p * x + 1.1676998740e-1;
  p = p * x + -1.2420140846e-1;
  p = p * x + 1.4249322787e-1;
  p = p * x + -1.6668057665e-1;
  p = p * x + 2.0000714765e-1;
  p = p * x + -2.4999993993e-1;
  p = p * x + 3.3333331174e-1;
  let y = p * x * z;
  const n = <f32>e;
  y += -2.12194440e-4 * n;
  y += -0.5 * z;
  return x + y + 0.693359375 * n;
}

/** The sum of four lanes, in one fixed order. */
// @ts-ignore: decorator
@inline
export function total4(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** Copies count floats; memory.copy costs a call, too much for a pixel. */
// @ts-ignore: decorator
@inline
export function copyFloats(to: usize, from: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), v128.load(from + (i << 2)));
  for (; i < count; i++) store<f32>(to + (i << 2), load<f32>(from + (i << 2)));
}

/** to += from. */
// @ts-ignore: decorator
@inline
export function addFloats(to: usize, from: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const p = to + (i << 2);
    v128.store(p, f32x4.add(v128.load(p), v128.load(from + (i << 2))));
  }
  for (; i < count; i++) {
    const p = to + (i << 2);
    store<f32>(p, load<f32>(p) + load<f32>(from + (i << 2)));
  }
}

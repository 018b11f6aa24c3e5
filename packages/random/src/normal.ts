// The standard normal quantile in float32, from one 32-bit word, with nothing but + - * sqrt and integer
// operations, each rounded once, in a fixed order. assembly/kernel.ts repeats it in SIMD.
//
// With x in (0, 1) the share of |z| below the quantile and w = -log(1 - x^2), z / x is smooth in w and, further
// out, in sqrt(w) (Giles, "Approximating the erfinv function", GPU Computing Gems, 2011). The polynomials are
// minimax fits of our own, made for the longer tail that 32 bits reach: relative error 7e-8 for w < 6.25, 2e-8 for
// 2.5 <= sqrt(w) < 4.64, and 6e-9, absolute, for the logarithm of a mantissa.
const f = Math.fround;
const unit = 2 ** -31;
const minusLn2 = f(-Math.LN2);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** a * x + b, each operation rounded to float32; the coefficients, too. */
function linear(a: number, x: number, b: number): number {
  return f(f(f(a) * x) + f(b));
}

/** -log(v) for a normal float32 v > 0. */
function minusLog(v: number): number {
  float[0] = v;
  const exponent = (bits[0]! - 0x3f3504f3) >> 23;
  bits[0]! -= exponent << 23;
  const m = f(float[0]! - 1);
  const m2 = f(m * m);
  const m4 = f(m2 * m2);
  const upper = linear(linear(0.087335505, m, -0.14441843), m2, linear(0.14979301, m, -0.1655234));
  const lower = linear(linear(0.19953613, m, -0.2500249), m2, linear(0.33334225, m, -0.49999982));
  const p = linear(upper, m4, lower);
  return f(f(exponent * minusLn2) - linear(m2, p, m));
}

/** z / x while w < 6.25. */
function centre(w: number): number {
  const u = f(w - 3.125);
  const u2 = f(u * u);
  const u4 = f(u2 * u2);
  const head = linear(-7.155822e-9, u, -1.2343207e-8);
  const upper = linear(
    linear(6.1601526e-7, u, -2.1541603e-6),
    u2,
    linear(-1.9741856e-5, u, 0.00026481517),
  );
  const lower = linear(
    linear(-0.0010472283, u, -0.0085337525),
    u2,
    linear(0.33963475, u, 2.338621),
  );
  return linear(linear(head, u4, upper), u4, lower);
}

/** z / x further out. */
function tail(w: number): number {
  const t = f(f(Math.sqrt(w)) - 3.5625);
  const t2 = f(t * t);
  const t4 = f(t2 * t2);
  const head = linear(1.924012e-5, t, 5.6814675e-5);
  const upper = linear(
    linear(-0.0003121178, t, 0.0005326021),
    t2,
    linear(-0.00072923955, t, 0.0012579383),
  );
  const lower = linear(linear(-0.002573042, t, 0.0041241115), t2, linear(1.4251816, t, 4.806146));
  return linear(linear(head, t4, upper), t4, lower);
}

/** The standard normal float32 that a 32-bit word stands for: its sign bit is the sign, the rest the magnitude. */
export function normalFromWord(word: number): number {
  const signed = word | 0;
  const magnitude = signed ^ (signed >> 31);
  const x = f(f(f(magnitude) + 0.5) * unit);
  const p = f(f(f(0x7fffffff - magnitude) + 0.5) * unit);
  const w = minusLog(f(p * f(2 - p)));
  const z = f((w < 6.25 ? centre(w) : tail(w)) * x);
  return signed < 0 ? -z : z;
}

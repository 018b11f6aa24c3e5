// The standard normal quantile in float32, from one 32-bit word, with nothing but + - * sqrt and integer
// operations, each rounded once, in a fixed order. The compiled kernel repeats these lines in SIMD.
//
// With x in (0, 1) the share of |z| below the quantile and w = -log(1 - x^2), z / x is smooth in w and, further
// out, in sqrt(w) (Giles, "Approximating the erfinv function", GPU Computing Gems, 2011). The two polynomials
// are minimax fits (relative error 7e-8 and 2e-8) made for the longer tail that 32 bits reach, 6.3 deviations.
const f = Math.fround;

const centre = [
  -7.155822e-9, -1.2343207e-8, 6.1601526e-7, -2.1541603e-6, -1.9741856e-5, 0.00026481517,
  -0.0010472283, -0.0085337525, 0.33963475, 2.338621,
].map(f) as number[];
const tail = [
  1.924012e-5, 5.6814675e-5, -0.0003121178, 0.0005326021, -0.00072923955, 0.0012579383,
  -0.002573042, 0.0041241115, 1.4251816, 4.806146,
].map(f) as number[];
// log(1 + m) = m - m^2 / 2 + m^3 P(m) for m in [sqrt(1/2) - 1, sqrt(2) - 1] (Moshier, Cephes, logf).
const logarithm = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f) as number[];
const ln2 = f(Math.LN2);
const unit = 2 ** -31;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function horner(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = f(f(sum * x) + coefficients[i]!);
  return sum;
}

/** -log(v) for a normal float32 v > 0. */
function minusLog(v: number): number {
  float[0] = v;
  const exponent = (bits[0]! - 0x3f3504f3) >> 23;
  bits[0]! -= exponent << 23;
  const m = f(float[0]! - 1);
  const square = f(m * m);
  const cubic = f(f(square * m) * horner(logarithm, m));
  const rest = f(cubic - f(square * 0.5));
  return f(f(exponent * -ln2) - f(m + rest));
}

/** The standard normal float32 that a 32-bit word stands for: its sign bit is the sign, the rest the magnitude. */
export function normalFromWord(word: number): number {
  const signed = word | 0;
  const magnitude = signed ^ (signed >> 31);
  const x = f(f(f(magnitude) + 0.5) * unit);
  const p = f(f(f(0x7fffffff - magnitude) + 0.5) * unit);
  const w = minusLog(f(p * f(2 - p)));
  const ratio = w < 6.25 ? horner(centre, f(w - 3.125)) : horner(tail, f(f(Math.sqrt(w)) - 3.5625));
  const z = f(ratio * x);
  return signed < 0 ? -z : z;
}

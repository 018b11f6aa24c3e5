// The standard normal quantile in float32, from one 32-bit word, with nothing but + - * sqrt and integer
// operations, each rounded once, in a fixed order. assembly/kernel.ts repeats it in SIMD.
//
// With x in (0, 1) the share of |z| below the quantile and w = -log(1 - x^2), z / x is smooth in w and, further
// out, in sqrt(w) (Giles, "Approximating the erfinv function", GPU Computing Gems, 2011). The polynomials are
// minimax fits of our own, made for the longer tail that 32 bits reach: relative error 7e-8 for w < 6.25, 2e-8 for
// 2.5 <= sqrt(w) < 4.64, and 6e-9, absolute, for the logarithm of a mantissa.
//
// It is one flat function because engines keep floats out of the heap within a function only. Polynomials follow
// Estrin's scheme, which leaves a processor less to wait for than Horner's.
const f = Math.fround;
const unit = 2 ** -31;
const minusLn2 = f(-Math.LN2);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The standard normal float32 that a 32-bit word stands for: its sign bit is the sign, the rest the magnitude. */
export function normalFromWord(word: number): number {
  const signed = word | 0;
  const magnitude = signed ^ (signed >> 31);
  const x = f(f(f(magnitude) + 0.5) * unit);
  const p = f(f(f(0x7fffffff - magnitude) + 0.5) * unit);

  // w = -log(v): the exponent, and the logarithm of 1 + m in [sqrt(1/2), sqrt(2)).
  float[0] = f(p * f(2 - p));
  const raw = bits[0]!;
  const exponent = (raw - 0x3f3504f3) >> 23;
  bits[0] = raw - (exponent << 23);
  const m = f(float[0]! - 1);
  const m2 = f(m * m);
  const log76 = f(f(f(0.087335505) * m) + f(-0.14441843));
  const log54 = f(f(f(0.14979301) * m) + f(-0.1655234));
  const log32 = f(f(f(0.19953613) * m) + f(-0.2500249));
  const log10 = f(f(f(0.33334225) * m) + f(-0.49999982));
  const log74 = f(f(log76 * m2) + log54);
  const log30 = f(f(log32 * m2) + log10);
  const log = f(f(log74 * f(m2 * m2)) + log30);
  const w = f(f(exponent * minusLn2) - f(f(m2 * log) + m));

  const centre = w < 6.25;
  const t = centre ? f(w - 3.125) : f(f(Math.sqrt(w)) - 3.5625);
  const t2 = f(t * t);
  const t4 = f(t2 * t2);
  const a98 = centre
    ? f(f(f(-7.155822e-9) * t) + f(-1.2343207e-8))
    : f(f(f(1.924012e-5) * t) + f(5.6814675e-5));
  const a76 = centre
    ? f(f(f(6.1601526e-7) * t) + f(-2.1541603e-6))
    : f(f(f(-0.0003121178) * t) + f(0.0005326021));
  const a54 = centre
    ? f(f(f(-1.9741856e-5) * t) + f(0.00026481517))
    : f(f(f(-0.00072923955) * t) + f(0.0012579383));
  const a32 = centre
    ? f(f(f(-0.0010472283) * t) + f(-0.0085337525))
    : f(f(f(-0.002573042) * t) + f(0.0041241115));
  const a10 = centre ? f(f(f(0.33963475) * t) + f(2.338621)) : f(f(f(1.4251816) * t) + f(4.806146));
  const a74 = f(f(a76 * t2) + a54);
  const a30 = f(f(a32 * t2) + a10);
  const ratio = f(f(f(f(a98 * t4) + a74) * t4) + a30);
  const z = f(ratio * x);
  return signed < 0 ? -z : z;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The nearest float16 (ties to even) of a float32, as its 16 bits; beyond 65,504 the result is infinity. */
export function toFloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 255) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  // How many bits of the 24-bit significand fall off: 13, and one more for each step below the smallest normal.
  const drop = exponent < 113 ? 126 - exponent : 13;
  if (drop > 25) return sign;
  const significand = exponent === 0 ? fraction : fraction | 0x800000;
  const kept = significand >>> drop;
  const rest = significand - kept * 2 ** drop;
  const half = 2 ** (drop - 1);
  const rounded = kept + (rest > half || (rest === half && kept & 1) ? 1 : 0);
  // A carry out of the fraction raises the exponent by itself, up to infinity.
  const base = exponent < 113 ? 0 : (exponent - 113) << 10;
  const all = base + rounded;
  return sign | Math.min(all, 0x7c00);
}

/** The number whose float16 bits these are. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

// The encoder chooses its model by these lengths, so they too use only operations that are correctly rounded
// everywhere (+ - * / and reading a double's bits): every engine writes the same file.
const scratch = new DataView(new ArrayBuffer(8));
const log2e = Math.LOG2E;

/** The binary logarithm of a positive normal number, to about 12 digits. */
export function log2(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  scratch.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let exponent = (high >>> 20) - 1023;
  let mantissa = scratch.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  const w = z * z;
  const series = 1 + w * (1 / 3 + w * (1 / 5 + w * (1 / 7 + w * (1 / 9 + w * (1 / 11 + w / 13)))));
  return exponent + 2 * log2e * z * series;
}

const log2pi = 1.6514961294723187;
const tableSize = 256;
// log2(gamma(i / 2)) from gamma(x + 1) = x gamma(x).
const table = new Float64Array(tableSize);
table[1] = log2pi / 2;
for (let i = 3; i < tableSize; i++) table[i] = table[i - 2]! + log2((i - 2) / 2);

/** log2(gamma(twice / 2)) for a positive integer, by Stirling's series where the table ends. */
function log2Gamma(twice: number): number {
  if (twice < tableSize) return table[twice]!;
  const x = twice / 2;
  const tail = log2e * (1 / (12 * x) - 1 / (360 * x * x * x) - x);
  return (x - 0.5) * log2(x) + tail + (log2pi + 1) / 2;
}

/**
 * The bits that a Krichevsky-Trofimov coder spends on any sequence with these counts.
 *
 * @param zeros how many zeros the sequence has
 * @param ones how many ones
 * @returns -log2 of the probability, which is gamma(zeros + 1/2) gamma(ones + 1/2) / (pi gamma(zeros + ones + 1))
 */
export function codeLength(zeros: number, ones: number): number {
  const all = log2Gamma(2 * (zeros + ones) + 2);
  return all - log2Gamma(2 * zeros + 1) - log2Gamma(2 * ones + 1) + log2pi;
}

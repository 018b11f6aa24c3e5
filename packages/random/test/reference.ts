// Float64 references for the tests: the error function by its series and by Lentz' continued fraction.

/** erf(x) for 0 <= x < 3, from the series whose terms are all positive. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) for x >= 2, from the continued fraction, backwards. */
function erfcFraction(x: number): number {
  let fraction = 0;
  for (let n = 200; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** P(|Z| <= z) of a standard normal Z, and P(|Z| > z), each to full relative precision. */
export function twoSided(z: number): { inside: number; outside: number } {
  const x = z / Math.SQRT2;
  if (x < 2) {
    const inside = erfSeries(x);
    return { inside, outside: 1 - inside };
  }
  const outside = erfcFraction(x);
  return { inside: 1 - outside, outside };
}

/** The cumulative distribution function of the standard normal distribution. */
export function normalCdf(z: number): number {
  const { outside } = twoSided(Math.abs(z));
  return z < 0 ? outside / 2 : 1 - outside / 2;
}

/** Kolmogorov's statistic, sqrt(n) times the largest distance of the samples' steps from a distribution. */
export function kolmogorov(samples: Float32Array, cdf: (x: number) => number): number {
  const sorted = samples.slice().sort();
  const n = sorted.length;
  let distance = 0;
  sorted.forEach((value, i) => {
    const p = cdf(value);
    distance = Math.max(distance, p - i / n, (i + 1) / n - p);
  });
  return distance * Math.sqrt(n);
}

/** Pearson's chi square of counts against equal expectations, as standard deviations from its mean. */
export function chiSquareDeviations(counts: ArrayLike<number>): number {
  const list = Array.from(counts);
  const expected = list.reduce((sum, count) => sum + count, 0) / list.length;
  const chi = list.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = list.length - 1;
  return (chi - freedom) / Math.sqrt(2 * freedom);
}

/** A learning rate as a pure function of the step, which counts from 0 and need not be whole. */
export type Schedule = (step: number) => number;

function checkTotal(name: string, total: number): void {
  if (!(total > 0 && Number.isFinite(total))) {
    throw new RangeError(
      `${name}: expected total to be a number of steps above 0, got ${total}; use epochs * steps an epoch.`,
    );
  }
}

function share(step: number, total: number): number {
  return Math.min(Math.max(step / total, 0), 1);
}

/**
 * The same learning rate at every step.
 *
 * @param learningRate - The rate.
 * @returns The schedule.
 * @example
 * ```js
 * constant(0.1)(1000); // 0.1
 * ```
 */
export function constant(learningRate: number): Schedule {
  return () => learningRate;
}

/**
 * Straight lines between points; constant before the first and after the last.
 *
 * @param points - [step, learning rate] pairs, steps rising.
 * @returns The schedule.
 * @throws RangeError when there is no point or the steps fall.
 * @example
 * ```js
 * piecewiseLinear([[0, 0], [10, 1]])(5); // 0.5
 * ```
 */
export function piecewiseLinear(points: readonly (readonly [number, number])[]): Schedule {
  if (points.length === 0 || points.some(([at], i) => i > 0 && at < points[i - 1]![0])) {
    throw new RangeError(
      `piecewiseLinear: expected at least one [step, rate] point with rising steps, got ${JSON.stringify(points)}; sort them.`,
    );
  }
  return (step) => {
    const next = points.findIndex(([at]) => at > step);
    if (next === -1) return points[points.length - 1]![1];
    if (next === 0) return points[0]![1];
    const [x0, y0] = points[next - 1]!;
    const [x1, y1] = points[next]!;
    return y0 + ((y1 - y0) * (step - x0)) / (x1 - x0);
  };
}

/**
 * The triangle of the masking-network paper: 0 up to the peak, down to a low, then to 0.
 *
 * @param options - `total` steps; `peak` rate; `peakAt` (0.4) and `lowAt` (0.8), shares of total; `low` (1 / 20), share of peak.
 * @returns The schedule.
 * @throws RangeError when total is not above 0 or 0 <= peakAt <= lowAt <= 1 does not hold.
 * @see Bai et al. 2022, arXiv 2210.06699, section 4.1.
 * @example
 * ```js
 * const rate = triangular({ total: 100, peak: 1 });
 * [0, 20, 40, 80, 100].map(rate); // [0, 0.5, 1, 0.05, 0]
 * ```
 */
export function triangular({
  total,
  peak,
  peakAt = 0.4,
  low = 1 / 20,
  lowAt = 0.8,
}: {
  total: number;
  peak: number;
  peakAt?: number;
  low?: number;
  lowAt?: number;
}): Schedule {
  checkTotal('triangular', total);
  if (!(peakAt >= 0 && peakAt <= lowAt && lowAt <= 1)) {
    throw new RangeError(
      `triangular: expected 0 <= peakAt <= lowAt <= 1, got ${peakAt} and ${lowAt}; they are shares of total.`,
    );
  }
  return piecewiseLinear([
    [0, 0],
    [peakAt * total, peak],
    [lowAt * total, peak * low],
    [total, 0],
  ]);
}

/**
 * A straight rise over the warm-up, then half a cosine down.
 *
 * @param options - `total` steps, warm-up among them; `peak` rate; `warmup` steps (0); `floor`, the last rate (0).
 * @returns The schedule.
 * @throws RangeError when total is not above 0 or warmup is outside [0, total).
 * @see Loshchilov & Hutter 2017, arXiv 1608.03983, equation 5.
 * @example
 * ```js
 * cosine({ total: 100, peak: 1 })(50); // 0.5
 * ```
 */
export function cosine({
  total,
  peak,
  warmup = 0,
  floor = 0,
}: {
  total: number;
  peak: number;
  warmup?: number;
  floor?: number;
}): Schedule {
  checkTotal('cosine', total);
  if (!(warmup >= 0 && warmup < total)) {
    throw new RangeError(`cosine: expected warmup in [0, ${total}), got ${warmup}; lower it.`);
  }
  return (step) => {
    if (step < warmup) return (peak * Math.max(step, 0)) / warmup;
    return anneal(peak, floor, share(step - warmup, total - warmup));
  };
}

/** Half a cosine from a (at 0) to b (at 1). */
function anneal(a: number, b: number, at: number): number {
  return b + ((a - b) * (1 + Math.cos(Math.PI * at))) / 2;
}

/**
 * A factor at each milestone.
 *
 * @param options - `initial` rate; `milestones`, steps; `factor` (0.1).
 * @returns The schedule.
 * @example
 * ```js
 * stepDecay({ initial: 1, milestones: [50, 75], factor: 0.5 })(60); // 0.5
 * ```
 */
export function stepDecay({
  initial,
  milestones,
  factor = 0.1,
}: {
  initial: number;
  milestones: readonly number[];
  factor?: number;
}): Schedule {
  return (step) => initial * factor ** milestones.filter((at) => at <= step).length;
}

/**
 * One cycle: half a cosine up, a longer one down to almost nothing, as PyTorch's OneCycleLR.
 *
 * @param options - `total` steps; `peak` rate; `peakAt` (0.3), share of total; `start` (1 / 25), share of peak; `end` (1e-4), share of the first rate.
 * @returns The schedule.
 * @throws RangeError when total is not above 0 or peakAt is outside (0, 1).
 * @see Smith & Topin 2018, arXiv 1708.07120.
 * @example
 * ```js
 * oneCycle({ total: 100, peak: 1 })(30); // 1
 * ```
 */
export function oneCycle({
  total,
  peak,
  peakAt = 0.3,
  start = 1 / 25,
  end = 1e-4,
}: {
  total: number;
  peak: number;
  peakAt?: number;
  start?: number;
  end?: number;
}): Schedule {
  checkTotal('oneCycle', total);
  if (!(peakAt > 0 && peakAt < 1)) {
    throw new RangeError(
      `oneCycle: expected peakAt in (0, 1), got ${peakAt}; it is a share of total.`,
    );
  }
  const first = peak * start;
  return (step) => {
    const at = share(step, total);
    return at < peakAt
      ? anneal(first, peak, at / peakAt)
      : anneal(peak, first * end, (at - peakAt) / (1 - peakAt));
  };
}

/**
 * A power of the share of steps left.
 *
 * @param options - `total` steps; `initial` rate; `final` rate (0); `power` (1).
 * @returns The schedule.
 * @throws RangeError when total is not above 0.
 * @example
 * ```js
 * polynomial({ total: 100, initial: 1, power: 2 })(50); // 0.25
 * ```
 */
export function polynomial({
  total,
  initial,
  final = 0,
  power = 1,
}: {
  total: number;
  initial: number;
  final?: number;
  power?: number;
}): Schedule {
  checkTotal('polynomial', total);
  return (step) => final + (initial - final) * (1 - share(step, total)) ** power;
}

/**
 * A straight line from the initial to the final rate.
 *
 * @param options - `total` steps; `initial` rate; `final` rate (0).
 * @returns The schedule.
 * @throws RangeError when total is not above 0.
 * @example
 * ```js
 * linear({ total: 100, initial: 1 })(75); // 0.25
 * ```
 */
export function linear(options: { total: number; initial: number; final?: number }): Schedule {
  return polynomial({ ...options, power: 1 });
}

/** A number, or one that moves evenly from `from` at the first training step to `to` at the last. */
export type Scheduled = number | { from: number; to: number };

/**
 * Checks a scheduled number.
 * @throws RangeError When it is no number, or no pair of numbers, that `allowed` accepts.
 */
export function scheduled(
  who: string,
  value: unknown,
  allowed: (x: number) => boolean,
  expected: string,
): Scheduled {
  const fits = (x: unknown): x is number => typeof x === 'number' && allowed(x);
  if (fits(value)) return value;
  if (typeof value === 'object' && value !== null) {
    const { from, to, ...rest } = value as { from?: unknown; to?: unknown };
    if (fits(from) && fits(to) && Object.keys(rest).length === 0) return { from, to };
  }
  throw new RangeError(
    `${who} must be ${expected} or { from, to } of such numbers, got ${JSON.stringify(value) ?? String(value)}.`,
  );
}

/** Its value when a share `progress` of training is over; `geometric` moves by equal factors, else by equal steps. */
export function valueAt(schedule: Scheduled, progress: number, geometric = false): number {
  if (typeof schedule === 'number') return schedule;
  const { from, to } = schedule;
  return geometric ? from * (to / from) ** progress : from + (to - from) * progress;
}

import { DatasetError } from './errors.ts';

/** Throws unless the option is a number in low..high, both included. */
export function within(name: string, value: unknown, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  const range = high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `of ${low}..${high}`;
  throw badOption(`${name} to be a number ${range}`, value);
}

/** Throws unless the option is a whole number in low..high, both included. */
export function whole(
  name: string,
  value: unknown,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `of ${low}..${high}`;
  throw badOption(`${name} to be a whole number ${range}`, value);
}

/** Throws unless the option is a pair of numbers, low <= first <= second <= high. */
export function pair(name: string, value: readonly unknown[], low: number, high: number): void {
  const [first, second] = value;
  const rising =
    value.length === 2 &&
    Number(first) >= low &&
    Number(second) >= Number(first) &&
    Number(second) <= high;
  if (!rising) throw badOption(`${name} to be two rising numbers of ${low}..${high}`, value);
}

/** The error for an option that makes no sense. */
export function badOption(expected: string, found: unknown): DatasetError {
  return new DatasetError(
    'bad-option',
    `batches: expected ${expected}, found ${JSON.stringify(found) ?? String(found)}; correct this option.`,
  );
}

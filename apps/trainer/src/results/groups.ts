import type { ResultRow } from '../sweep/row.ts';

/** Mean and sample standard deviation; the deviation of one value is null. */
export interface Spread {
  mean: number;
  std: number | null;
}

/** All seeds of one configuration. */
export interface ResultGroup {
  sweep: string;
  label: string;
  dataset: string;
  model: string;
  /** What kind of method it is: colours in the picture. */
  series: string;
  seeds: number;
  failed: number;
  /** Why the first failed seed did. */
  error: string | null;
  /** Means over the seeds that finished; null when none did. */
  fileBytes: number | null;
  float32Bytes: number | null;
  paperRatio: number | null;
  bitsPerWeight: number | null;
  validation: Spread | null;
  test: Spread | null;
  /** Of one seed. */
  imagesSeen: number | null;
  seconds: number | null;
  engines: string[];
}

/** Mean and spread of numbers; null of none, or when one is missing. */
export function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  const { length } = known;
  if (length === 0 || length < values.length) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / length;
  if (length === 1) return { mean, std: null };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (length - 1)) };
}

function seriesOf({ method, learner }: Record<string, unknown>): string {
  return method === 'mask' ? `${learner} masks` : String(method);
}

function groupOf(rows: readonly ResultRow[]): ResultGroup {
  const [{ sweep, label, config }] = rows as [ResultRow];
  const results = rows.flatMap(({ result }) => result ?? []);
  const mean = (pick: (result: (typeof results)[number]) => number | null) =>
    spread(results.map(pick))?.mean ?? null;
  return {
    sweep,
    label,
    dataset: String(config.dataset),
    model: String(config.model ?? config.from),
    series: seriesOf(config),
    seeds: results.length,
    failed: rows.length - results.length,
    error: rows.find(({ error }) => error !== undefined)?.error ?? null,
    fileBytes: mean(({ fileBytes }) => fileBytes),
    float32Bytes: mean(({ float32Bytes }) => float32Bytes),
    paperRatio: mean(({ paperRatio }) => paperRatio),
    bitsPerWeight: mean(({ bitsPerWeight }) => bitsPerWeight),
    validation: spread(results.map(({ validation }) => validation)),
    test: spread(results.map(({ test }) => test)),
    imagesSeen: mean(({ imagesSeen }) => imagesSeen),
    seconds: mean(({ seconds }) => seconds),
    engines: [...new Set(results.map(({ engine }) => engine))],
  };
}

/** Rows by configuration, the seed left out, in the order in which they first come. */
export function groupRows(rows: Iterable<ResultRow>): ResultGroup[] {
  const groups = new Map<string, ResultRow[]>();
  for (const row of rows) {
    const { seed: _, ...config } = row.config;
    const key = JSON.stringify(config);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(groupOf);
}

/**
 * The groups no other beats: none of the others is as small and more accurate, or smaller and as accurate.
 *
 * Chosen by validation accuracy, so that the test images choose nothing; groups without one are left out.
 */
export function frontier(groups: readonly ResultGroup[]): ResultGroup[] {
  const known = groups.filter(({ fileBytes, validation }) => fileBytes !== null && validation);
  const sorted = known.sort(
    (a, b) => a.fileBytes! - b.fileBytes! || b.validation!.mean - a.validation!.mean,
  );
  let best = Number.NEGATIVE_INFINITY;
  return sorted.filter(({ validation }) => {
    if (validation!.mean <= best) return false;
    best = validation!.mean;
    return true;
  });
}

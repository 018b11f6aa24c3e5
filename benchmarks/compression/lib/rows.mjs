// Rows of sweeps, by configuration: what tables and pictures are made of.
import { spread } from './experiment.mjs';

const percent = (value, digits = 2) => Number((100 * value).toFixed(digits));

/** Finished rows of equal label and model, in the order met, with means over their seeds. */
export function byConfiguration(rows) {
  const groups = new Map();
  for (const row of rows.filter(({ status }) => status === 'finished')) {
    const key = `${row.config.model}: ${row.label}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((own) => {
    const mean = (key) => spread(own.map(({ result }) => result[key])).mean;
    const { mean: accuracy, deviation } = spread(own.map(({ result }) => result.validation));
    return {
      model: own[0].config.model,
      label: own[0].label,
      rows: own,
      accuracy: percent(accuracy),
      deviation: percent(deviation),
      bytes: Math.round(mean('fileBytes')),
      images: Math.round(mean('imagesSeen')),
      bits: Number(mean('bitsPerWeight').toFixed(2)),
      ratio: own[0].result.paperRatio === null ? null : percent(mean('paperRatio')),
      seeds: own.length,
    };
  });
}

/** `12.3 ± 0.4`, without the deviation where there is one seed. */
export function words({ accuracy, deviation, seeds }) {
  if (seeds === 1) return `${accuracy} (one seed)`;
  return `${accuracy} ± ${deviation}${seeds === 2 ? ' (two seeds)' : ''}`;
}

/** By how many points a configuration is above another on the seeds both have: mean ± deviation of the differences. */
export function above(one, other) {
  const differences = one.rows.flatMap(({ config, result }) => {
    const same = other.rows.find((row) => row.config.seed === config.seed);
    return same === undefined ? [] : [100 * (result.validation - same.result.validation)];
  });
  if (differences.length === 0) return null;
  const { mean, deviation } = spread(differences);
  return differences.length > 1
    ? `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`
    : `${mean.toFixed(2)} (one seed)`;
}

/** What was spent on rows, in words. */
export function spent(rows) {
  const results = rows.flatMap(({ result }) => result ?? []);
  const hours = results.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  const images = results.reduce((sum, { imagesSeen }) => sum + imagesSeen, 0);
  const engines = [
    ...new Set(
      results.map(
        ({ engine, threads }) => `${engine}, ${threads} thread${threads > 1 ? 's' : ''} a run`,
      ),
    ),
  ];
  const failed = rows.filter(({ status }) => status === 'failed').length;
  return `${results.length} runs${failed > 0 ? ` and ${failed} that failed` : ''}, ${(images / 1e6).toFixed(2)} million training images in ${hours.toFixed(2)} hours by the clock, work of others beside it included; engine ${engines.join(' and ')}`;
}

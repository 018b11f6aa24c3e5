import type { WidthRow } from '../integral/measure-widths.ts';
import { draw } from './charts.ts';
import { formatCount, formatShare } from './format.ts';

const words: Record<WidthRow['repair'], string> = {
  none: 'as sampled',
  rescale: 'rescaled (no data)',
  statistics: 'norms measured anew',
  'least-squares': 'least squares',
};

/** Accuracy against the share of parameters that is left, a line for each repair. */
export function widthChart(rows: readonly WidthRow[], split: string): Promise<string> {
  const repairs = [...new Set(rows.map(({ repair }) => repair))];
  const values = rows.map(({ compression, accuracy, repair, share }) => ({
    left: 1 - compression,
    accuracy,
    share,
    repair: words[repair],
  }));
  return draw(
    {
      width: 780,
      height: 320,
      data: { values },
      mark: { type: 'line', point: { size: 40, filled: true } },
      encoding: {
        x: {
          field: 'left',
          type: 'quantitative',
          title: 'parameters, share of all',
          axis: { format: '.0%', tickCount: 10 },
          scale: { zero: false, nice: true },
        },
        y: {
          field: 'accuracy',
          type: 'quantitative',
          title: `${split} accuracy`,
          axis: { format: '.0%' },
          scale: { zero: false },
        },
        color: {
          field: 'repair',
          type: 'nominal',
          scale: { domain: repairs.map((repair) => words[repair]) },
          ...(repairs.length === 1 && { legend: null }),
        },
      },
    },
    `Accuracy on the ${split} images against the share of the parameters`,
  );
}

/** The same as a table; the first row is its head. */
export function widthTable(rows: readonly WidthRow[]): string[][] {
  return [
    ['repair', 'channels', 'parameters', 'removed', 'accuracy', 'loss'],
    ...rows.map(({ repair, share, parameters, compression, accuracy, loss }) => [
      words[repair],
      `${share}`,
      formatCount(parameters),
      formatShare(compression),
      formatShare(accuracy),
      loss.toFixed(4),
    ]),
  ];
}

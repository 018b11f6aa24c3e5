import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '@pleat/codec/node';
import type { WidthRow } from '../integral/measure-widths.ts';
import { standaloneSvg } from '../results/chart.ts';
import { writeJson } from '../run/folder.ts';
import { formatShare } from './format.ts';
import { htmlPage, htmlSettings, htmlTable } from './html.ts';
import { widthChart, widthTable } from './width-chart.ts';

/** What the rows of a curve have in common: model, images, league, engine. */
export type CurveSettings = Readonly<Record<string, string | number>>;

const rowsFile = (folder: string): string => join(folder, 'curve.json');

/** Rows that an earlier run with the same settings left in a folder. */
export async function readRows(folder: string, settings: CurveSettings): Promise<WidthRow[]> {
  const file = rowsFile(folder);
  if (!existsSync(file)) return [];
  const { rows, ...known } = JSON.parse(await readFile(file, 'utf8'));
  const same = JSON.stringify(known) === JSON.stringify(settings);
  return same ? (rows as WidthRow[]) : [];
}

/** Keeps rows for a later run, whole or not at all. */
export async function writeRows(
  folder: string,
  settings: CurveSettings,
  rows: readonly WidthRow[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(rowsFile(folder), { ...settings, rows });
}

const columns = [
  'repair',
  'share',
  'parameters',
  'compression',
  'correct',
  'accuracy',
  'loss',
] as const satisfies (keyof WidthRow)[];

/** Writes a curve as a page, a picture, CSV and JSON. */
export async function writeCurve(
  folder: string,
  settings: CurveSettings,
  rows: readonly WidthRow[],
): Promise<{ html: string; svg: string; csv: string }> {
  await writeRows(folder, settings, rows);
  const files = {
    html: join(folder, 'curve.html'),
    svg: join(folder, 'curve.svg'),
    csv: join(folder, 'curve.csv'),
  };
  const { hash: _, ...shown } = settings;
  const chart = await widthChart(rows, String(settings.split));
  const whole = rows.find(({ share }) => share === 1) ?? rows[0]!;
  const best = (most: number) =>
    rows
      .filter(({ compression }) => compression >= most)
      .reduce<WidthRow | undefined>(
        (top, row) => (top === undefined || row.accuracy > top.accuracy ? row : top),
        undefined,
      );
  const half = best(0.5);
  const html = htmlPage({
    title: `${basename(String(settings.file))} at other widths`,
    subtitle: `${settings.images} ${settings.split} images of ${settings.dataset}; ${settings.league === 'last' ? 'the half of the groups nearest to the output changes' : 'all groups change'}; nothing was trained`,
    figures: [
      {
        value: formatShare(whole.accuracy),
        label:
          whole.share === 1
            ? 'accuracy with all channels'
            : `accuracy with ${formatShare(whole.share)} of the channels`,
      },
      ...(half
        ? [
            {
              value: formatShare(half.accuracy),
              label: 'the best with half of the parameters or less',
            },
          ]
        : []),
    ],
    sections: [
      { title: 'Accuracy against parameters', body: chart },
      { title: 'Widths', body: htmlTable(widthTable(rows)) },
      { title: 'Settings', body: htmlSettings(shown) },
    ],
  });
  const csv = [columns.join(','), ...rows.map((row) => columns.map((name) => row[name]).join(','))];
  const text = (value: string) => new TextEncoder().encode(value);
  await writeFileAtomic(files.html, text(html));
  await writeFileAtomic(files.svg, text(standaloneSvg(chart)));
  await writeFileAtomic(files.csv, text(`${csv.join('\n')}\n`));
  return files;
}

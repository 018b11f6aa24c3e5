import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@pleat/codec/node';
import { formatBytes, formatCount, formatShare } from '../report/format.ts';
import { type Figure, htmlPage, htmlTable, type ReportSection } from '../report/html.ts';
import type { ResultRow } from '../sweep/row.ts';
import { type AccuracyKind, accuracyAgainstBytes, standaloneSvg } from './chart.ts';
import { frontier, groupRows, type ResultGroup } from './groups.ts';
import { references } from './references.ts';
import { readableTable, toCsv, toMarkdown } from './table.ts';

function headline(groups: readonly ResultGroup[], rows: readonly ResultRow[]): Figure[] {
  const failed = rows.filter(({ status }) => status === 'failed').length;
  const seconds = rows.reduce((sum, { result }) => sum + (result?.seconds ?? 0), 0);
  const best = frontier(groups).at(-1);
  return [
    { value: formatCount(rows.length), label: `runs${failed > 0 ? `, ${failed} failed` : ''}` },
    { value: formatCount(groups.length), label: 'configurations' },
    { value: `${(seconds / 3600).toFixed(1)} h`, label: 'of training' },
    ...(best
      ? [
          {
            value: formatShare(best.validation!.mean),
            label: `best on validation, in ${formatBytes(Math.round(best.fileBytes!))}`,
          },
        ]
      : []),
  ];
}

function referenceTable(dataset: string): ReportSection[] {
  const own = references.filter((reference) => reference.dataset === dataset);
  if (own.length === 0) return [];
  const rows = own.map(({ system, bytes, accuracy, source }) => [
    system,
    formatCount(Math.round(bytes)),
    (100 * accuracy).toFixed(1),
    source,
  ]);
  return [
    {
      title: 'Published results drawn beside',
      body: htmlTable([['system', 'bytes', 'test, %', 'source'], ...rows]),
    },
  ];
}

/** The paths a report was written to. */
export interface WrittenReport {
  html: string;
  csv: string;
  markdown: string;
  /** One picture a data set. */
  svg: string[];
}

/**
 * Writes what results say: a page, the pictures on it, and the table as CSV and Markdown.
 *
 * @param title names the results
 * @param folder where the files go
 */
export async function writeResults(
  rows: readonly ResultRow[],
  { title, folder, kind }: { title: string; folder: string; kind: AccuracyKind },
): Promise<WrittenReport> {
  const groups = groupRows(rows);
  await mkdir(folder, { recursive: true });
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFileAtomic(path, new TextEncoder().encode(text));
    return path;
  };
  const svg: string[] = [];
  const sections: ReportSection[] = [];
  for (const dataset of new Set(groups.map((group) => group.dataset))) {
    const own = groups.filter((group) => group.dataset === dataset);
    const picture = await accuracyAgainstBytes(own, kind);
    if (picture) {
      svg.push(await write(`accuracy-${dataset}.svg`, standaloneSvg(picture)));
      const legend = `<p class="soft">Points are means over seeds, bars one standard deviation; the dashed line joins what no other configuration beats on the validation images${references.some((reference) => reference.dataset === dataset) ? '; diamonds are published results' : ''}.</p>`;
      sections.push({ title: `Accuracy against bytes, ${dataset}`, body: picture + legend });
    }
    sections.push({ title: `Results, ${dataset}`, body: htmlTable(readableTable(own)) });
    sections.push(...referenceTable(dataset));
  }
  const html = htmlPage({
    title,
    subtitle:
      'File bytes are all bytes of the stored model; accuracies are those of the model read back from it, ± one standard deviation over seeds',
    figures: headline(groups, rows),
    sections,
  });
  return {
    html: await write('results.html', html),
    csv: await write('results.csv', toCsv(groups)),
    markdown: await write('results.md', toMarkdown(groups)),
    svg,
  };
}

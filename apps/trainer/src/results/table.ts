import type { ResultGroup, Spread } from './groups.ts';

const columns: [head: string, value: (group: ResultGroup) => string | number | null][] = [
  ['sweep', ({ sweep }) => sweep],
  ['dataset', ({ dataset }) => dataset],
  ['model', ({ model }) => model],
  ['method', ({ series }) => series],
  ['what', ({ label }) => label],
  ['seeds', ({ seeds }) => seeds],
  ['failed', ({ failed }) => failed],
  ['file bytes', ({ fileBytes }) => fileBytes],
  ['float32 bytes', ({ float32Bytes }) => float32Bytes],
  ["paper's ratio", ({ paperRatio }) => paperRatio],
  ['bits per weight', ({ bitsPerWeight }) => bitsPerWeight],
  ['validation mean', ({ validation }) => validation?.mean ?? null],
  ['validation std', ({ validation }) => validation?.std ?? null],
  ['test mean', ({ test }) => test?.mean ?? null],
  ['test std', ({ test }) => test?.std ?? null],
  ['images seen', ({ imagesSeen }) => imagesSeen],
  ['seconds', ({ seconds }) => seconds],
  ['engine', ({ engines }) => engines.join(' ')],
  ['error', ({ error }) => error],
];

/** A field of RFC 4180. */
function csvField(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** All groups with all figures, unrounded, as CSV (RFC 4180). */
export function toCsv(groups: readonly ResultGroup[]): string {
  const lines = [
    columns.map(([head]) => head),
    ...groups.map((group) => columns.map(([, value]) => value(group))),
  ];
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

const share = (value: number | null) => (value === null ? '-' : (100 * value).toFixed(2));

function accuracy(value: Spread | null): string {
  if (!value) return '-';
  return value.std === null ? share(value.mean) : `${share(value.mean)} ± ${share(value.std)}`;
}

const count = (value: number | null) =>
  value === null ? '-' : Math.round(value).toLocaleString('en-US');

/** The figures for people, head first: accuracies in per cent, spreads over seeds. */
export function readableTable(groups: readonly ResultGroup[]): string[][] {
  return [
    [
      'what',
      'method',
      'seeds',
      'file bytes',
      "paper's ratio, %",
      'bits/weight',
      'validation, %',
    ].concat(['test, %', 'images seen', 'seconds', 'engine']),
    ...groups.map((group) => [
      `${group.model}: ${group.label}`,
      group.series,
      group.failed > 0 ? `${group.seeds} (${group.failed} failed)` : String(group.seeds),
      count(group.fileBytes),
      share(group.paperRatio),
      group.bitsPerWeight?.toFixed(2) ?? '-',
      accuracy(group.validation),
      accuracy(group.test),
      count(group.imagesSeen),
      count(group.seconds),
      group.engines.join(', ') || (group.error ?? '-'),
    ]),
  ];
}

/** The same as a table of Markdown. */
export function toMarkdown(groups: readonly ResultGroup[]): string {
  const [head, ...rows] = readableTable(groups) as [string[], ...string[][]];
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i < 2 ? '---' : '--:')).join('|')}|`;
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n`;
}

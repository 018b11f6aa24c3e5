// Writes `benchmarks/README.md` from `results/*.json`: the one place where figures are read from.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cell = (value) =>
  typeof value === 'number'
    ? String(Number(value.toPrecision(4)))
    : String(value ?? '').replaceAll('|', '\\|');

function table(rows) {
  const list = Array.isArray(rows)
    ? rows
    : Object.entries(rows).map(([contestant, row]) => ({ contestant, ...row }));
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...list.map((row) => line(columns.map((column) => cell(row[column])))),
  ].join('\n');
}

const results = readdirSync(join(root, 'results'))
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(join(root, 'results', file), 'utf8')));
const sections = results.map(
  ({ name, question, date, machine, rows }) =>
    `## ${name}\n\n${question}\n\n${table(rows)}\n\n${date}, ${machine.engine ?? `${machine.cores} cores of ${machine.cpu}`}, Node ${machine.node}.`,
);
writeFileSync(
  join(root, 'README.md'),
  `# Benchmarks

\`pnpm build && pnpm bench [NAME ...]\` runs them and rewrites this page from \`results/*.json\`.
Contestants take turns; figures are medians. Machines are shared and noisy, so read the ratios, and
never gate a test on a time.

${sections.join('\n\n')}
`,
);

import { escapeHtml } from './escape.ts';
import { style } from './style.ts';

/** A headline figure. */
export interface Figure {
  value: string;
  label: string;
}

/** A part of a report; `body` is HTML. */
export interface ReportSection {
  title: string;
  body: string;
  /** Beside the next half-wide part, where the window allows. */
  half?: boolean;
}

/** A plain table; the first row is the head. */
export function htmlTable(rows: readonly (readonly unknown[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly unknown[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${line(head, 'th')}</thead><tbody>${body.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}

/** Names and values, in columns. */
export function htmlSettings(settings: Record<string, unknown>): string {
  const rows = Object.entries(settings).map(([name, value]) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return `<div><span>${escapeHtml(name)}</span><code>${escapeHtml(text)}</code></div>`;
  });
  return `<div class="settings">${rows.join('')}</div>`;
}

/** Two bars, drawn to scale: what is stored, and what it would be in float32. */
export function htmlSizeBars(
  rows: readonly { label: string; bytes: number; pale?: boolean }[],
): string {
  const most = Math.max(...rows.map(({ bytes }) => bytes));
  const bars = rows.map(
    ({ label, bytes, pale }) =>
      `<div>${escapeHtml(label)}<div class="bar${pale ? ' pale' : ''}" style="width:${((100 * bytes) / most).toFixed(2)}%"></div></div>`,
  );
  return `<div class="bars">${bars.join('')}</div>`;
}

/** A page that needs nothing but itself. */
export function htmlPage(page: {
  title: string;
  subtitle: string;
  figures: readonly Figure[];
  sections: readonly ReportSection[];
}): string {
  const card = ({ title, body }: ReportSection) =>
    `<section><h2>${escapeHtml(title)}</h2>${body}</section>`;
  const parts: string[] = [];
  for (let i = 0; i < page.sections.length; ) {
    const run = page.sections.slice(i).findIndex(({ half }) => !half);
    const halves = page.sections.slice(i, run === -1 ? undefined : i + run);
    if (halves.length > 0) {
      parts.push(`<div class="grid">${halves.map(card).join('\n')}</div>`);
      i += halves.length;
    } else {
      parts.push(card(page.sections[i]!));
      i++;
    }
  }
  const figures = page.figures.map(
    ({ value, label }) =>
      `<div class="figure"><b>${escapeHtml(value)}</b><span class="soft">${escapeHtml(label)}</span></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(page.title)}</h1>
<p class="soft">${escapeHtml(page.subtitle)}</p>
<div class="figures">${figures.join('')}</div>
${parts.join('\n')}
</body>
</html>
`;
}

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { CliError } from '../cli/errors.ts';
import type { ResultRow } from './row.ts';

/**
 * The rows in the text of a results file; what a crash cut off at the end is no row.
 *
 * @throws CliError when a whole line is no row
 */
export function parseResults(text: string, path: string): ResultRow[] {
  const lines = text.split('\n');
  // A row ends with a line feed; without one it was being written when the machine stopped.
  lines.pop();
  return lines.map((line, i) => {
    try {
      const row = JSON.parse(line) as ResultRow;
      if (typeof row.id === 'string' && typeof row.status === 'string') return row;
    } catch {
      // Said below: the parser's own words do not help.
    }
    throw new CliError(`${path}: line ${i + 1} is no result; remove the line.`);
  });
}

/** One row a run: a finished one wins over a failed one, else the later one. */
export function latest(rows: readonly ResultRow[]): Map<string, ResultRow> {
  const found = new Map<string, ResultRow>();
  for (const row of rows) {
    if (found.get(row.id)?.status !== 'finished') found.set(row.id, row);
  }
  return found;
}

/** The results of a sweep, open for adding; one process at a time has it open. */
export interface ResultsFile {
  /** By run. */
  readonly rows: ReadonlyMap<string, ResultRow>;
  /** Puts a row on the disk, whole, unless the run has a finished one already. */
  add(row: ResultRow): void;
  close(): void;
}

/** Opens a results file, or begins one; the half of a row that a crash left is cut off. */
export function openResults(path: string): ResultsFile {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const rows = latest(parseResults(text, path));
  const file = openSync(path, 'a');
  const whole = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
  if (fstatSync(file).size > whole) ftruncateSync(file, whole);
  return {
    rows,
    add: (row) => {
      if (rows.get(row.id)?.status === 'finished') return;
      const bytes = Buffer.from(`${JSON.stringify(row)}\n`);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
      rows.set(row.id, row);
    },
    close: () => closeSync(file),
  };
}

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CliError, UsageError } from '../cli/errors.ts';
import { readSweep } from '../sweep/file.ts';
import { sweepPaths } from '../sweep/folder.ts';
import { latest, parseResults } from '../sweep/results.ts';
import type { ResultRow } from '../sweep/row.ts';

/** Where the results of an argument are: a results file, a sweep's folder, or the sweep file itself. */
async function locate(path: string): Promise<{ results: string; root: string | undefined }> {
  const info = await stat(path).catch(() => {
    throw new CliError(`There is no file or folder ${path}; check the path.`);
  });
  const at = (root: string) => ({ results: sweepPaths(root).results, root });
  if (info.isDirectory()) return at(path);
  const kind = extname(path).toLowerCase();
  if (kind === '.jsonl') return { results: path, root: undefined };
  if (['.yaml', '.yml', '.json'].includes(kind)) return at((await readSweep(path)).out);
  throw new UsageError(
    `pleat report takes sweep files (.yaml), folders of sweeps and .jsonl files, found ${path}.`,
  );
}

/**
 * The results at some paths, one row a run.
 *
 * @throws UsageError, CliError when there are none, with one sentence
 */
export async function readResults(
  paths: readonly string[],
): Promise<{ rows: ResultRow[]; root: string | undefined }> {
  const rows: ResultRow[] = [];
  let first: string | undefined;
  for (const path of paths) {
    const { results, root } = await locate(path);
    if (!existsSync(results)) {
      throw new CliError(
        `${path} has no results yet: there is no ${results}; run pleat sweep first.`,
      );
    }
    first ??= root;
    rows.push(...parseResults(await readFile(results, 'utf8'), results));
  }
  const found = [...latest(rows).values()];
  if (found.length === 0) throw new CliError(`${paths.join(', ')}: there is no result yet.`);
  return { rows: found, root: first };
}

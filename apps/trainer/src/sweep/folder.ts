import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runPaths } from '../run/folder.ts';
import type { Summary } from '../run/summary.ts';

/** The files of a sweep. */
export interface SweepPaths {
  root: string;
  results: string;
  lock: string;
  /** Folder of one run. */
  run(id: string): string;
}

/** Where each file of the sweep in this folder lies. */
export function sweepPaths(root: string): SweepPaths {
  return {
    root,
    results: join(root, 'results.jsonl'),
    lock: join(root, 'sweep.lock'),
    run: (id) => join(root, 'runs', id),
  };
}

/** The summary of a run that is finished, or undefined; it is the last file a run writes, and written whole. */
export async function finishedSummary(folder: string): Promise<Summary | undefined> {
  const { summary } = runPaths(folder);
  return existsSync(summary) ? JSON.parse(await readFile(summary, 'utf8')) : undefined;
}

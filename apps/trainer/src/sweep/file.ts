import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../cli/errors.ts';
import { didYouMean } from '../config/suggest.ts';

const block = z.record(z.string(), z.unknown());

const sweepSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/i)
    .optional(),
  out: z.string().optional(),
  base: block.default({}),
  grid: block.optional(),
  include: z.array(block).default([]),
  exclude: z.array(block).default([]),
});

/** What a sweep file asks for. */
export interface SweepFile {
  /** Letters, digits and hyphens; default: the file's name without its ending. */
  name: string;
  /** Folder of the sweep; default `sweeps/NAME`. */
  out: string;
  /** Options of every run. */
  base: Record<string, unknown>;
  /** Every combination of these lists is a run; absent when only `include` lists runs. */
  grid: Record<string, unknown> | undefined;
  /** Further grids, each on its own. */
  include: Record<string, unknown>[];
  /** Combinations to leave out: those that agree with all options of an entry. */
  exclude: Record<string, unknown>[];
}

const meanings: Record<string, string> = {
  name: 'letters, digits and hyphens',
  out: 'the path of a folder',
  base: 'options by name, such as "epochs: 10"',
  grid: 'lists of values by option, such as "seed: [0, 1, 2]"',
  include: 'a list of grids',
  exclude: 'a list of option values',
};

function explain(issue: z.core.$ZodIssue, path: string): string {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const hint = didYouMean(key, Object.keys(meanings));
    return `${path} has an unknown part "${key}"${hint || `; a sweep has ${Object.keys(meanings).join(', ')}. Options of the runs go into base, grid or include`}.`;
  }
  const part = String(issue.path[0] ?? '');
  if (part === '') return `${path} must hold a sweep: base, grid and include by name.`;
  return `${path}: ${part} must be ${meanings[part]}.`;
}

/**
 * A sweep as its YAML or JSON text describes it; the options themselves are not looked at.
 *
 * @throws UsageError when the text is no sweep
 */
export function parseSweep(text: string, path: string): SweepFile {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]?.replace(/[:.]$/, '');
    throw new UsageError(`${path} is not YAML: ${reason}; correct it there.`);
  }
  const parsed = sweepSchema.safeParse(value);
  if (!parsed.success) throw new UsageError(explain(parsed.error.issues[0]!, path));
  const { base, grid, include, exclude } = parsed.data;
  if (grid === undefined && include.length === 0) {
    throw new UsageError(`${path} asks for no run; give it a grid, or runs under include.`);
  }
  const name = parsed.data.name ?? basename(path, extname(path)).replaceAll(/[^a-z0-9-]/gi, '-');
  return { name, out: parsed.data.out ?? `sweeps/${name}`, base, grid, include, exclude };
}

/**
 * Reads a sweep file.
 *
 * @throws UsageError when it cannot be read or holds no sweep
 */
export async function readSweep(path: string): Promise<SweepFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT'
        ? `There is no sweep file ${path}; check the path.`
        : `The sweep file ${path} cannot be read (${error.code ?? error.message}).`,
    );
  });
  return parseSweep(text, path);
}

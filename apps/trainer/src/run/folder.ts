import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@pleat/codec/node';
import { CliError, UsageError } from '../cli/errors.ts';
import type { TrainConfig } from '../config/schema.ts';

/** The files of a run. */
export interface RunPaths {
  root: string;
  config: string;
  metrics: string;
  csv: string;
  checkpoint: string;
  model: string;
  report: string;
  summary: string;
  /** Folder of the rounds before the last, each with files of these names. */
  rounds: string;
}

/** Where each file of the run in this folder lies. */
export function runPaths(root: string): RunPaths {
  return {
    root,
    config: join(root, 'config.json'),
    metrics: join(root, 'metrics.jsonl'),
    csv: join(root, 'metrics.csv'),
    checkpoint: join(root, 'checkpoint.bin'),
    model: join(root, 'model.pleat'),
    report: join(root, 'report.html'),
    summary: join(root, 'summary.json'),
    rounds: join(root, 'rounds'),
  };
}

/** Writes a JSON file whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

/**
 * The configuration a run was started with, or undefined when the folder holds no run.
 *
 * @throws CliError when it is there but no JSON
 */
export async function readRunConfig(paths: RunPaths): Promise<Record<string, unknown> | undefined> {
  if (!existsSync(paths.config)) return undefined;
  try {
    return JSON.parse(await readFile(paths.config, 'utf8'));
  } catch (error) {
    throw new CliError(
      `${paths.config} cannot be read (${(error as Error).message}); start the run anew with --overwrite.`,
    );
  }
}

/**
 * Makes the folder of a new run and saves its configuration.
 *
 * @throws UsageError when the folder holds a run already and `overwrite` is not set
 */
export async function createRun(
  paths: RunPaths,
  config: TrainConfig,
  overwrite: boolean,
): Promise<void> {
  if (existsSync(paths.config)) {
    if (!overwrite) {
      throw new UsageError(
        `${paths.root} holds a run already; continue it with --resume, replace it with --overwrite, or choose another --out.`,
      );
    }
    // The configuration goes last: as long as it is there, the folder counts as a run.
    const others = runFiles(paths).filter((path) => path !== paths.config);
    await rm(paths.rounds, { recursive: true, force: true });
    for (const path of [...others, paths.config]) await rm(path, { force: true });
  }
  await mkdir(paths.root, { recursive: true });
  await writeJson(paths.config, config);
}

/** The files of a run without its folders. */
export const runFiles = ({ root: _, rounds: __, ...files }: RunPaths): string[] =>
  Object.values(files);

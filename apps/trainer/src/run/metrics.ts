import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { CliError } from '../cli/errors.ts';
import type { RunPaths } from './folder.ts';

/** One step, as `metrics.jsonl` has it. */
export interface StepMetrics {
  step: number;
  epoch: number;
  learningRate: number;
  loss: number;
}

/** One epoch, as `metrics.jsonl` and `metrics.csv` have it; accuracies are shares of 1. */
export interface EpochMetrics {
  epoch: number;
  step: number;
  learningRate: number;
  trainLoss: number;
  trainAccuracy: number;
  validationLoss: number | null;
  validationAccuracy: number | null;
}

/** Lengths of the files in bytes: what belongs to a checkpoint. */
export interface MetricsPosition {
  jsonl: number;
  csv: number;
}

const columns = [
  'epoch',
  'step',
  'learningRate',
  'trainLoss',
  'trainAccuracy',
  'validationLoss',
  'validationAccuracy',
] as const satisfies (keyof EpochMetrics)[];

/** The metrics files of a run, open for appending. No times are in them: a resumed run writes the same bytes. */
export interface MetricsFiles {
  step(metrics: StepMetrics): void;
  epoch(metrics: EpochMetrics): void;
  /** Puts what was written on the disk; returns the lengths a checkpoint keeps. */
  flush(): MetricsPosition;
  close(): void;
}

function openAt(path: string, position: number): number {
  const file = openSync(path, position === 0 ? 'w' : 'r+');
  if (fstatSync(file).size < position) {
    closeSync(file);
    throw new CliError(
      `${path} is shorter than the checkpoint says; it was changed, so start the run anew with --overwrite.`,
    );
  }
  ftruncateSync(file, position);
  return file;
}

/**
 * Opens the metrics files; what was written after `position` is cut off.
 *
 * @throws CliError when a file is shorter than the position says
 */
export function openMetrics(
  paths: Pick<RunPaths, 'metrics' | 'csv'>,
  position: MetricsPosition = { jsonl: 0, csv: 0 },
): MetricsFiles {
  const length = { ...position };
  const files = { jsonl: openAt(paths.metrics, length.jsonl), csv: openAt(paths.csv, length.csv) };
  const append = (kind: keyof MetricsPosition, line: string) => {
    const bytes = Buffer.from(`${line}\n`);
    for (let done = 0; done < bytes.length; ) {
      const written = writeSync(files[kind], bytes, done, bytes.length - done, length[kind]);
      done += written;
      length[kind] += written;
    }
  };
  if (length.csv === 0) append('csv', columns.join(','));
  return {
    step: (metrics) => append('jsonl', JSON.stringify({ kind: 'step', ...metrics })),
    epoch: (metrics) => {
      append('jsonl', JSON.stringify({ kind: 'epoch', ...metrics }));
      append('csv', columns.map((column) => metrics[column] ?? '').join(','));
    },
    flush: () => {
      fsyncSync(files.jsonl);
      fsyncSync(files.csv);
      return { ...length };
    },
    close: () => {
      closeSync(files.jsonl);
      closeSync(files.csv);
    },
  };
}

/** The lines of a `metrics.jsonl` file, by kind. */
export function parseMetrics(text: string): { steps: StepMetrics[]; epochs: EpochMetrics[] } {
  const steps: StepMetrics[] = [];
  const epochs: EpochMetrics[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { kind, ...metrics } = JSON.parse(line);
    (kind === 'step' ? steps : epochs).push(metrics);
  }
  return { steps, epochs };
}

import type { Summary } from '../run/summary.ts';
import { identity, type SweepRun } from './expand.ts';

/** The file a task of a job array leaves in its run's folder. */
export const taskRow = 'row.json';

/** What every result of an experiment says, whoever made it: the one measure all methods are held to. */
export interface ResultRow {
  sweep: string;
  id: string;
  label: string;
  /** The options that decide the result. */
  config: Record<string, unknown>;
  status: 'finished' | 'failed';
  /** Why it failed, in one sentence. */
  error?: string;
  /** Processes that worked on it. */
  attempts: number;
  finishedAt: string;
  /** Absent when it failed. */
  result?: RunResult;
}

/** The figures of a finished run. */
interface RunResult {
  /** Bytes of the file, all of them. */
  fileBytes: number;
  float32Bytes: number;
  /** 1 - (32 U + P) / (32 P), norms left out; null where there is no mask. */
  paperRatio: number | null;
  bitsPerWeight: number;
  parameters: number;
  /** Shares of 1; null without such a split. */
  validation: number | null;
  test: number | null;
  selectedEpoch: number;
  imagesSeen: number;
  seconds: number;
  engine: string;
  threads: number;
}

/** The figures of a run's summary. */
function resultOf(summary: Summary): RunResult {
  const { size, validation, test, engine, parameters, imagesSeen, seconds, selected } = summary;
  return {
    fileBytes: size.fileBytes,
    float32Bytes: size.float32Bytes,
    paperRatio: size.paperRatio,
    bitsPerWeight: size.bitsPerWeight,
    parameters,
    validation: validation?.accuracy ?? null,
    test: test?.accuracy ?? null,
    selectedEpoch: selected.epoch,
    imagesSeen,
    seconds,
    engine: engine.name,
    threads: engine.threads,
  };
}

/** How a run ended. */
export type Outcome = { summary: Summary } | { error: string };

/** The row of a run that ended. */
export function rowOf(
  sweep: string,
  { id, label, config }: SweepRun,
  outcome: Outcome,
  attempts: number,
): ResultRow {
  const head = { sweep, id, label, config: identity(config), attempts };
  const finishedAt = new Date().toISOString();
  return 'error' in outcome
    ? { ...head, status: 'failed', error: outcome.error, finishedAt }
    : { ...head, status: 'finished', finishedAt, result: resultOf(outcome.summary) };
}

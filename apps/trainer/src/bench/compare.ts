import { spawn } from 'node:child_process';
import { CliError } from '../cli/errors.ts';
import type { EngineName } from '../engines/types.ts';
import type { Measured } from './measure.ts';

/** What the steps of one engine took. */
export interface BenchRow {
  engine: EngineName;
  what: string;
  /** Median, least and most, in milliseconds a step. */
  median: number;
  least: number;
  most: number;
  imagesPerSecond: number;
  /** How many times as fast as the slowest engine here. */
  speedup: number;
  /** Of the last step. */
  loss: number;
  peakBytes: number;
}

/** The median of a list of numbers. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs this program again to measure one engine, in a process of its own: thread pools and libraries do not meet. */
export async function measureApart(args: readonly string[]): Promise<Measured> {
  const child = spawn(process.execPath, [process.argv[1]!, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
  let answer: Measured & { error?: { message: string } };
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CliError(`its process ended early (${code})`);
  }
  if (answer.error) throw new CliError(answer.error.message);
  return answer;
}

/**
 * Rows of a table, the fastest first.
 *
 * @param measured for each engine its turns
 * @param batch images a step
 */
export function toRows(
  measured: ReadonlyMap<EngineName, readonly Measured[]>,
  batch: number,
): BenchRow[] {
  const rows = [...measured].map(([engine, turns]) => {
    const times = turns.flatMap((turn) => turn.times);
    const middle = median(times);
    return {
      engine,
      what: turns[0]!.what,
      median: middle,
      least: Math.min(...times),
      most: Math.max(...times),
      imagesPerSecond: (1000 * batch) / middle,
      speedup: 1,
      loss: turns[0]!.loss,
      peakBytes: Math.max(...turns.map(({ peakBytes }) => peakBytes)),
    };
  });
  const slowest = Math.max(...rows.map((row) => row.median));
  return rows
    .map((row) => ({ ...row, speedup: slowest / row.median }))
    .sort((a, b) => a.median - b.median);
}

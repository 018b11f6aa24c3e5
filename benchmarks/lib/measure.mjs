// How every benchmark here measures: contestants take turns, round by round, so that a noisy
// neighbour disturbs all of them alike; medians and ratios are reported, never a lone time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const results = join(dirname(dirname(fileURLToPath(import.meta.url))), 'results');

/** The median of a list of numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds of processor time this process has taken: the clock for work on one core beside noisy neighbours. */
export function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/**
 * Times contestants in turn.
 *
 * @param contestants name -> (async) function that does the work once
 * @param options rounds (default 7), warmup rounds (default 2), clock in milliseconds (default wall time)
 * @returns name -> { median, min, max } in milliseconds
 */
export async function alternate(
  contestants,
  { rounds = 7, warmup = 2, clock = () => performance.now() } = {},
) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const start = clock();
      await work();
      if (round >= 0) times[name].push(clock() - start);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [
      name,
      { median: median(list), min: Math.min(...list), max: Math.max(...list), rounds },
    ]),
  );
}

/** Prints the rows as a table and writes them, with what they were measured on, to `results/NAME.json`. */
export function report(name, question, rows) {
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
  };
  mkdirSync(results, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const text = JSON.stringify({ name, question, date, machine, rows }, null, 2);
  writeFileSync(join(results, `${name}.json`), `${text}\n`);
  console.log(question);
  console.table(rows);
}

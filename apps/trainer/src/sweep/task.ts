import { join } from 'node:path';
import { CliError } from '../cli/errors.ts';
import type { Output } from '../cli/output.ts';
import { writeJson } from '../run/folder.ts';
import { watchSignals } from '../train/signals.ts';
import type { RunChild } from './child.ts';
import type { SweepRun } from './expand.ts';
import type { SweepFile } from './file.ts';
import { sweepPaths } from './folder.ts';
import { describeRow, machineShare } from './local.ts';
import { runToEnd } from './pool.ts';
import { rowOf, taskRow } from './row.ts';

/**
 * Does one run of a sweep, beside others that do theirs on other machines; its row waits in its folder to be gathered.
 *
 * @throws InterruptedError after a signal, when the run is saved
 */
export async function runTask(
  sweep: SweepFile,
  run: SweepRun,
  data: string | undefined,
  output: Output,
): Promise<void> {
  const folder = sweepPaths(sweep.out).run(run.id);
  const signals = watchSignals('Stopped; the same command goes on.');
  let child: RunChild | undefined;
  const watch = setInterval(() => signals.signal && child?.stop(), 50);
  try {
    const options = { machine: machineShare(1, data), folder: () => folder, onProgress: () => {} };
    const end = await runToEnd(run, options, (started) => {
      child = started;
    });
    signals.check();
    if (!end) throw new CliError('The run was stopped; the same command goes on.');
    const row = rowOf(sweep.name, run, end.outcome, end.attempts);
    await writeJson(join(folder, taskRow), row);
    output.say(describeRow(row));
    output.result(row);
  } finally {
    clearInterval(watch);
    signals.stop();
  }
}

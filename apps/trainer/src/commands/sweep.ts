import { type Command, Option } from 'commander';
import { toCount, toPositive } from '../cli/arguments.ts';
import { defineCommand } from '../cli/command.ts';
import { CliError, UsageError } from '../cli/errors.ts';
import type { Output } from '../cli/output.ts';
import { expandSweep, type SweepRun } from '../sweep/expand.ts';
import { readSweep, type SweepFile } from '../sweep/file.ts';
import type { SweepSummary } from '../sweep/local.ts';

function tellRuns(runs: readonly SweepRun[], output: Output): void {
  for (const { id, label, config } of runs) output.say(`${id}  ${label}, seed ${config.seed}`);
  output.result(runs);
}

function tell(summary: SweepSummary, origin: string, output: Output): void {
  const { runs, finished, failed, left, results } = summary;
  const others = [failed > 0 && `${failed} failed`, left > 0 && `${left} left`].filter(Boolean);
  output.say(`${runs} runs: ${[`${finished} finished`, ...others].join(', ')}`);
  output.say(`Results  ${results}`);
  output.say(`Report   pleat report ${origin}`);
  output.result(summary);
  if (finished === 0 && failed > 0) throw new CliError('Every run failed; see the reasons above.');
}

interface SweepFlags {
  jobs?: number;
  out?: string;
  data?: string;
  minutes?: number;
  retryFailed?: boolean;
  list?: boolean;
  queue?: string;
  emit?: 'slurm' | 'k8s';
  image?: string;
  claim: string;
  task?: string;
  collect?: boolean;
}

async function tellArray(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  flags: SweepFlags,
  origin: string,
  output: Output,
): Promise<void> {
  const { emitKubernetes, emitSlurm } = await import('../sweep/emit.ts');
  const { jobs, data, image, claim, emit } = flags;
  const options = { origin, runs: runs.length, jobs, data, image, claim };
  const text = emit === 'slurm' ? emitSlurm(sweep, options) : emitKubernetes(sweep, options);
  output.say(text.trimEnd());
  output.result({ kind: emit, text });
}

type Common = SweepFlags & { retryFailed: boolean; origin: string };

async function queued(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  options: Common & { url: string },
  output: Output,
): Promise<SweepSummary> {
  if (options.jobs !== undefined) {
    throw new UsageError('--jobs is what each worker decides; give it to pleat work.');
  }
  if (options.minutes !== undefined) {
    throw new UsageError('--minutes is for runs on this machine; stop a queue with Ctrl-C.');
  }
  const { runQueued } = await import('../sweep/queue/submit.ts');
  return runQueued(sweep, runs, options, output);
}

async function locally(
  sweep: SweepFile,
  runs: readonly SweepRun[],
  options: Common,
  output: Output,
): Promise<SweepSummary> {
  const { defaultJobs, runLocally } = await import('../sweep/local.ts');
  const jobs = options.collect ? 0 : (options.jobs ?? defaultJobs());
  return runLocally(sweep, runs, { ...options, jobs }, output);
}

/** `pleat sweep`: many runs from one file. */
export function sweepCommand(): Command {
  return defineCommand({
    name: 'sweep',
    usage: '<file>',
    description:
      'Run every combination of options a YAML file lists, some at a time; go on where it was stopped.',
    examples: [
      ['pleat sweep frontier.yaml', 'run it, or go on with what is left of it'],
      ['pleat sweep frontier.yaml --jobs 4', 'four processes at a time'],
      ['pleat sweep frontier.yaml --queue redis://host:6379', 'let pleat work do it, anywhere'],
      ['pleat sweep frontier.yaml --emit slurm > job.sh', 'a job array, then: sbatch job.sh'],
      ['pleat sweep frontier.yaml --list', 'show the runs and start none'],
    ],
    configure: (command) =>
      command
        .option('--jobs <number>', 'runs at a time (default: one for every two threads)', toCount)
        .option('--out <folder>', 'folder of the sweep (default: what the file says)')
        .option('--data <folder>', 'folder that holds data sets')
        .option('--retry-failed', 'try runs again that failed')
        .option('--minutes <number>', 'save what is under way and stop after so long', toPositive)
        .option('--list', 'show the runs, start none')
        .optionsGroup('More than one machine:')
        .option('--queue <url>', 'have workers on any machine do it, through a Redis server')
        .addOption(
          new Option('--emit <kind>', 'print a job array with a task a run').choices([
            'slurm',
            'k8s',
          ]),
        )
        .option('--image <name>', 'container image with pleat in it, for --emit k8s')
        .option('--claim <name>', 'volume claim with the sweep file, for --emit k8s', 'pleat')
        .option('--task <index>', 'do this one of the runs alone, the first is 0')
        .option('--collect', 'gather what tasks have finished, start none'),
    run: async ({ args, flags, output }) => {
      const origin = args[0]!;
      const read = await readSweep(origin);
      const given = flags as Partial<SweepFlags> as SweepFlags;
      const sweep = { ...read, out: given.out ?? read.out };
      const runs = expandSweep(sweep, origin);
      if (given.list) return tellRuns(runs, output);
      if (given.emit) return tellArray(sweep, runs, given, origin, output);
      if (given.task !== undefined) {
        const run = runs[Number(given.task)];
        if (run === undefined) {
          throw new UsageError(`--task must be 0 to ${runs.length - 1}, found ${given.task}.`);
        }
        const { runTask } = await import('../sweep/task.ts');
        return runTask(sweep, run, given.data, output);
      }
      const retryFailed = given.retryFailed === true;
      const summary = given.queue
        ? await queued(sweep, runs, { ...given, url: given.queue, retryFailed, origin }, output)
        : await locally(sweep, runs, { ...given, retryFailed, origin }, output);
      tell(summary, origin, output);
    },
  });
}

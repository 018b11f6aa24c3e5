import type { Command } from 'commander';
import { toCount } from '../cli/arguments.ts';
import { defineCommand } from '../cli/command.ts';

/** `pleat work`: runs of sweeps from a queue, on this machine. */
export function workCommand(): Command {
  return defineCommand({
    name: 'work',
    description:
      'Take runs of sweeps from a Redis queue and work on them, until stopped (see pleat sweep --queue).',
    examples: [
      ['pleat work --queue redis://host:6379', 'one run at a time for every two threads'],
      ['pleat work --queue redis://host:6379 --jobs 4', 'four runs at a time'],
    ],
    configure: (command) =>
      command
        .requiredOption('--queue <url>', 'Redis server the runs come from')
        .option('--jobs <number>', 'runs at a time (default: one for every two threads)', toCount)
        .option('--out <folder>', 'folder of this worker alone', 'sweeps/work')
        .option('--data <folder>', 'folder that holds data sets')
        .option(
          '--patience <seconds>',
          'silence after which the run of a worker goes to another',
          toCount,
          30,
        ),
    run: async ({ flags, output }) => {
      const [{ work }, { defaultJobs }] = await Promise.all([
        import('../sweep/queue/work.ts'),
        import('../sweep/local.ts'),
      ]);
      await work(
        {
          url: flags.queue as string,
          out: flags.out as string,
          jobs: (flags.jobs as number | undefined) ?? defaultJobs(),
          data: flags.data as string | undefined,
          patience: flags.patience as number,
        },
        output,
      );
    },
  });
}

import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import type { ResultRow } from '../sweep/row.ts';

/** Test accuracy, unless a finished run has none: nobody is left out of the picture. */
function shownAccuracy(rows: readonly ResultRow[]): 'test' | 'validation' {
  return rows.every(({ result }) => result === undefined || result.test !== null)
    ? 'test'
    : 'validation';
}

/** `pleat report`: what the runs of sweeps say together. */
export function reportCommand(): Command {
  return defineCommand({
    name: 'report',
    usage: '<sweeps...>',
    description:
      'Draw accuracy against bytes over the results of sweeps, and write them as a page, CSV and Markdown.',
    examples: [
      ['pleat report frontier.yaml', 'the results of one sweep, beside them'],
      ['pleat report sweeps/a sweeps/b --out both', 'those of two, together'],
      ['pleat report results.jsonl --accuracy validation', 'on the validation images'],
    ],
    configure: (command) =>
      command
        .option('--out <folder>', 'where to write (default: report in the first sweep’s folder)')
        .addOption(
          new Option(
            '--accuracy <split>',
            'which accuracy the picture shows (default: test where every run has one, else validation)',
          ).choices(['test', 'validation']),
        )
        .option('--title <text>', 'heading of the page (default: the names of the sweeps)'),
    run: async ({ args, flags, output }) => {
      const [{ readResults }, { writeResults }] = await Promise.all([
        import('../results/read.ts'),
        import('../results/report.ts'),
      ]);
      const { rows, root } = await readResults(args);
      const names = [...new Set(rows.map(({ sweep }) => sweep))];
      const written = await writeResults(rows, {
        title: (flags.title as string | undefined) ?? names.join(', '),
        folder: (flags.out as string | undefined) ?? (root ? join(root, 'report') : 'report'),
        kind: (flags.accuracy as 'test' | 'validation' | undefined) ?? shownAccuracy(rows),
      });
      output.say(`${rows.length} runs of ${names.join(', ')}`);
      output.say(`Page      ${written.html}`);
      for (const path of written.svg) output.say(`Picture   ${path}`);
      output.say(`Table     ${written.csv}`);
      output.say(`          ${written.markdown}`);
      output.result({ runs: rows.length, ...written });
    },
  });
}

import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { formatBytes, formatTable } from '../report/format.ts';

/** `pleat convert`: a trained model as an integral one, which runs at any width. */
export function convertCommand(): Command {
  return defineCommand({
    name: 'convert',
    usage: '<model> <file>',
    description:
      'Turn a trained model into an integral one, which can be read at any width; Ctrl-C leaves nothing behind.',
    examples: [
      ['pleat convert runs/first/model.pleat integral.pleat', 'channels in a shortest order'],
      [
        'pleat convert web/model integral.pleat --batch-norm fold',
        'without norms, where they fold',
      ],
      ['pleat convert model.pleat plain.pleat --order identity', 'channels as they are: a control'],
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--order <name>', 'order of the channels')
            .choices(['tsp', 'identity', 'random'])
            .default('tsp'),
        )
        .addOption(
          new Option('--batch-norm <what>', 'keep batch norms, or fold them into the layers before')
            .choices(['keep', 'fold'])
            .default('keep'),
        )
        .addOption(
          new Option(
            '--filter <name>',
            'read single points, or means over the distance between them',
          )
            .choices(['point', 'area'])
            .default('point'),
        )
        .option(
          '--coefficients <share>',
          'coefficients of each group over its channels; below 1 the weights are fitted',
          Number,
          1,
        )
        .option('--seed <number>', 'seed of the order', Number, 0)
        .option('--overwrite', 'replace a file that is there'),
    run: async ({ args, flags, output }) => {
      const [source, file] = args as [string, string];
      const [
        { integralReport, toIntegral },
        { startEngine },
        { openModel },
        store,
        { createUnitProgress },
      ] = await Promise.all([
        import('@pleat/integral'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../files/store.ts'),
        import('../cli/progress.ts'),
      ]);
      const coefficients = flags.coefficients as number;
      if (!(coefficients > 0 && coefficients <= 1)) {
        throw new UsageError('--coefficients takes a share above 0 and at most 1.');
      }
      store.requireFree(file, flags.overwrite);
      await startEngine('cpu', { threads: 1, debug: output.debug });
      const { model, metadata } = await openModel(source);
      output.note('Ordering the channels of every group ...');
      const progress = createUnitProgress('group');
      let integral: ReturnType<typeof toIntegral>;
      try {
        integral = toIntegral(model, {
          order: flags.order as 'tsp',
          batchNorm: flags.batchNorm as 'keep',
          filter: flags.filter as 'point',
          seed: flags.seed as number,
          coefficients,
          onProgress: ({ group, done, of }) => progress.update(done, of, group),
        });
      } finally {
        progress.stop();
      }
      integral.setUserDefinedMetadata({ ...metadata, ...integral.getUserDefinedMetadata() });
      const bytes = await store.storeModel(file, integral);
      const report = integralReport(integral)!;
      for (const line of formatTable([
        ['group', 'channels', 'variation', 'in order'],
        ...report.groups.map(({ id, channels, variationBefore, variationAfter }) => [
          id,
          `${channels}`,
          variationBefore.toPrecision(4),
          variationAfter.toPrecision(4),
        ]),
      ])) {
        output.say(line);
      }
      const saved = 1 - report.variationAfter / report.variationBefore;
      output.say(
        `Total variation along the channels ${(100 * saved).toFixed(1)} % lower; ${formatBytes(bytes)} in ${file}`,
      );
      if (report.fitError > 0) {
        output.say(
          `The fit misses ${(100 * report.fitError).toFixed(2)} % of the weights (root of the share of their squares)`,
        );
      }
      output.result({ source, file, fileBytes: bytes, ...report });
      integral.dispose();
      model.dispose();
    },
  });
}

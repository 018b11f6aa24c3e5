import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetNames, engineNames } from '../config/schema.ts';
import type { EngineName } from '../engines/types.ts';
import { leagueGroups, requireIntegral } from '../integral/model.ts';
import { repairIn, repairOptions } from '../integral/repairs.ts';
import { formatCount, formatShare, formatTable } from '../report/format.ts';

function sharesIn(text: string): number[] {
  const shares = text.split(',').map(Number);
  if (shares.every((share) => share > 0 && share < Number.POSITIVE_INFINITY)) return shares;
  throw new UsageError(`--shares takes numbers above 0, such as 1,0.75,0.5; found "${text}".`);
}

/** `pleat curve`: accuracy against width, from one integral model. */
export function curveCommand(): Command {
  return defineCommand({
    name: 'curve',
    usage: '<integral>',
    description: 'Measure an integral model at several widths; nothing is trained.',
    examples: [
      ['pleat curve integral.pleat', 'all groups at 100, 90, ... 25 % of their channels'],
      ['pleat curve integral.pleat --league last --shares 1,0.6', 'the half nearest to the output'],
      ['pleat curve integral.pleat --repair statistics', 'with norms measured on a few batches'],
    ],
    configure: (command) => {
      for (const option of repairOptions()) command.addOption(option);
      command
        .option('--shares <list>', 'shares of the channels', '1,0.9,0.75,0.6,0.5,0.25')
        .addOption(
          new Option('--league <name>', 'groups that change: all, or the last half of them')
            .choices(['all', 'last'])
            .default('all'),
        )
        .option('--dataset <name>', `${datasetNames.join(' | ')} (default: what the file names)`)
        .option('--data <folder>', 'folder that holds the data')
        .addOption(
          new Option('--split <name>', 'images to use')
            .choices(['test', 'validation'])
            .default('validation'),
        )
        .addOption(
          new Option('--engine <name>', 'what computes')
            .choices(['auto', ...engineNames])
            .default('auto'),
        );
    },
    run: async ({ args, flags, output }) => {
      const file = args[0]!;
      const shares = sharesIn(flags.shares as string);
      const { repair, batches } = repairIn(flags);
      const [
        lib,
        { datasetOf },
        { repairModel },
        { startEngine },
        { openModel },
        { evaluate },
        { checkFit },
      ] = await Promise.all([
        import('@pleat/integral'),
        import('../data/dataset-of.ts'),
        import('../integral/repair.ts'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../train/evaluate.ts'),
        import('../train/fit.ts'),
      ]);
      await startEngine(flags.engine as EngineName, { threads: 'auto', debug: output.debug });
      const { model, metadata } = await openModel(file);
      requireIntegral(model, file);
      const { name, dataset } = await datasetOf(file, metadata, flags);
      const split = dataset[flags.split as 'test' | 'validation'];
      if (split === null || split.length === 0) {
        throw new UsageError(`${name} has no ${flags.split} images here; choose another --split.`);
      }
      checkFit(model, dataset);
      const { mean, std } = metadata.preprocessing ?? dataset;
      const groups = leagueGroups(lib.integralGroups(model), flags.league as string);
      const rows = [];
      for (const share of shares) {
        lib.resize(
          model,
          Object.fromEntries(
            groups.map(({ id, coefficients }) => [
              id,
              Math.max(1, Math.round(share * coefficients)),
            ]),
          ),
        );
        const plain = lib.extract(model);
        const images = { dataset: { ...dataset, mean, std }, batches, seed: 0 };
        await repairModel(repair, { plain, integral: model }, images);
        const { accuracy, loss } = await evaluate(plain, split, { ...dataset, mean, std });
        const { parameters, compression } = lib.compressionOf(model);
        plain.dispose();
        rows.push({ share, parameters, compression, accuracy, loss });
        output.note(`${share} of the channels: ${formatShare(accuracy)}`);
      }
      const table = formatTable([
        ['channels', 'parameters', 'removed', 'accuracy', 'loss'],
        ...rows.map(({ share, parameters, compression, accuracy, loss }) => [
          `${share}`,
          formatCount(parameters),
          formatShare(compression),
          formatShare(accuracy),
          loss.toFixed(4),
        ]),
      ]);
      for (const line of table) output.say(line);
      output.result({
        file,
        dataset: name,
        split: flags.split,
        images: split.length,
        repair,
        rows,
      });
      model.dispose();
    },
  });
}

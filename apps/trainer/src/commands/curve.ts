import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetOptions, engineOption } from '../cli/options.ts';
import type { EngineName } from '../engines/types.ts';
import { requireIntegral } from '../integral/model.ts';
import { type RepairName, repairIn, repairOptions } from '../integral/repairs.ts';
import { formatShare, formatTable } from '../report/format.ts';

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
    description:
      'Measure an integral model at several widths and draw accuracy against width; nothing is trained.',
    examples: [
      ['pleat curve integral.pleat', 'all groups at 100, 90, ... 25 % of their channels'],
      ['pleat curve integral.pleat --league last --shares 1,0.6', 'the half nearest to the output'],
      ['pleat curve integral.pleat --repair none statistics', 'a line for each repair'],
    ],
    configure: (command) => {
      const several = repairOptions({ several: true });
      for (const option of [...several, ...datasetOptions()]) command.addOption(option);
      command
        .option('--shares <list>', 'shares of the channels', '1,0.9,0.75,0.6,0.5,0.25')
        .addOption(
          new Option('--league <name>', 'groups that change: all, or the last half of them')
            .choices(['all', 'last'])
            .default('all'),
        )
        .option('--out <folder>', 'where page, picture and tables go (default: FILE-curve)')
        .option('--overwrite', 'measure anew what the folder holds')
        .addOption(
          new Option('--split <name>', 'images to use')
            .choices(['test', 'validation'])
            .default('validation'),
        )
        .addOption(engineOption());
    },
    run: async ({ args, flags, output }) => {
      const file = args[0]!;
      const { repair: repairs, batches } = repairIn<RepairName[]>(flags);
      const plan = {
        shares: sharesIn(flags.shares as string),
        league: flags.league as string,
        repairs,
        batches,
      };
      const out = (flags.out as string | undefined) ?? `${file.replace(/\.pleat$/, '')}-curve`;
      const [
        { datasetOf },
        { startEngine },
        { openModel, hashOf },
        { checkFit },
        widths,
        curve,
        { widthTable },
        signal,
        bar,
      ] = await Promise.all([
        import('../data/dataset-of.ts'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../train/fit.ts'),
        import('../integral/measure-widths.ts'),
        import('../report/curve.ts'),
        import('../report/width-chart.ts'),
        import('../train/signals.ts'),
        import('../cli/progress.ts'),
      ]);
      const engine = await startEngine(flags.engine as EngineName, {
        threads: 'auto',
        debug: output.debug,
      });
      const { model, metadata } = await openModel(file, flags);
      requireIntegral(model, file);
      const { name, dataset } = await datasetOf(file, metadata, flags);
      const split = dataset[flags.split as 'test' | 'validation'];
      if (split === null || split.length === 0) {
        throw new UsageError(`${name} has no ${flags.split} images here; choose another --split.`);
      }
      checkFit(model, dataset);
      const settings = {
        file,
        hash: await hashOf(file),
        dataset: name,
        split: flags.split as string,
        images: split.length,
        league: plan.league,
        repairBatches: batches,
        engine: engine.name,
      };
      const known = flags.overwrite ? [] : await curve.readRows(out, settings);
      const total = widths.widthsIn(plan).length * split.length;
      const signals = signal.watchSignals(
        'Stopped; the same command goes on with the widths that are left.',
      );
      const progress = bar.createProgress({ total, start: 0, perStep: 1 });
      try {
        const data = { ...dataset, ...metadata.preprocessing };
        const rows = await widths.measureWidths(
          model,
          { data, split },
          plan,
          known,
          (done) => {
            progress.update(done, '');
            signals.check();
          },
          async ({ share, repair, accuracy }, done) => {
            progress.line(`${share} of the channels, ${repair}: ${formatShare(accuracy)}`);
            await curve.writeRows(out, settings, [...known, ...done]);
          },
        );
        progress.stop();
        for (const line of formatTable(widthTable(rows))) output.say(line);
        const files = await curve.writeCurve(out, settings, rows);
        output.say(`Page      ${files.html}`);
        output.say(`Picture   ${files.svg}`);
        output.say(`Tables    ${files.csv}, ${join(out, 'curve.json')}`);
        output.result({ ...settings, out, ...files, rows });
      } finally {
        progress.stop();
        signals.stop();
        model.dispose();
      }
    },
  });
}

import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetOptions, engineOption } from '../cli/options.ts';
import type { EngineName } from '../engines/types.ts';
import { requireIntegral } from '../integral/model.ts';
import { needsImages, repairIn, repairOptions } from '../integral/repairs.ts';
import { widthIn, widthOptions } from '../integral/width-options.ts';
import { formatBytes, formatCount, formatShare } from '../report/format.ts';

/** `pleat resize`: the plain model an integral one is at a width. */
export function resizeCommand(): Command {
  return defineCommand({
    name: 'resize',
    usage: '<integral> <file>',
    description:
      'Read an integral model at a width, as a plain model, at once; a repair that looks at images takes longer, and Ctrl-C leaves nothing behind.',
    examples: [
      ['pleat resize integral.pleat small.pleat --compression 0.4', '40 % of the parameters less'],
      ['pleat resize integral.pleat small.pleat --multiply-adds 2e7', 'for a budget of work'],
      ['pleat resize integral.pleat small.pleat --group conv1=8', 'one group'],
      [
        'pleat resize integral.pleat small.pleat --compression 0.4 --repair least-squares',
        'layers fitted to a few unlabelled images',
      ],
    ],
    configure: (command) => {
      for (const option of [...widthOptions(), ...repairOptions(), ...datasetOptions()])
        command.addOption(option);
      command
        .option('--integral', 'store the integral model at that width, not the plain one')
        .addOption(engineOption('what computes repairs that look at images'))
        .option('--overwrite', 'replace a file that is there');
    },
    run: async ({ args, flags, output }) => {
      const [source, file] = args as [string, string];
      const { repair, batches } = repairIn(flags);
      if (repair !== 'none' && flags.integral) {
        throw new UsageError('A repair changes the plain model; leave out --integral or --repair.');
      }
      const [
        lib,
        { datasetOf },
        { checkFit },
        { repairModel },
        { startEngine },
        { openModel },
        store,
        { createUnitProgress },
      ] = await Promise.all([
        import('@pleat/integral'),
        import('../data/dataset-of.ts'),
        import('../train/fit.ts'),
        import('../integral/repair.ts'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../files/store.ts'),
        import('../cli/progress.ts'),
      ]);
      const width = widthIn(flags);
      store.requireFree(file, flags.overwrite);
      const engine = needsImages(repair) ? (flags.engine as EngineName) : 'cpu';
      await startEngine(engine, { threads: 'auto', debug: output.debug });
      const { model, metadata } = await openModel(source, flags);
      requireIntegral(model, source);
      if (width === null && lib.compressionOf(model).compression === 0) {
        throw new UsageError(
          'Say how wide: --compression, --parameters, --multiply-adds or --group (or tune it at a width first: pleat tune).',
        );
      }
      if (width?.budget) lib.resizeToBudget(model, width.budget);
      if (width !== null) lib.resize(model, width.sizes);
      const result = flags.integral ? model : lib.extract(model);
      const progress = createUnitProgress('layer');
      let images = null;
      if (needsImages(repair)) {
        const { dataset } = await datasetOf(source, metadata, flags);
        checkFit(model, dataset);
        images = { dataset: { ...dataset, ...metadata.preprocessing }, batches, seed: 0 };
      }
      try {
        await repairModel(repair, { plain: result, integral: model }, images, (done, total) =>
          progress.update(done, total, 'fitted'),
        );
      } finally {
        progress.stop();
      }
      const bytes = await store.storeModel(file, result);
      const { parameters, original, compression } = lib.compressionOf(model);
      output.say(
        `${formatCount(parameters)} of ${formatCount(original)} parameters (${formatShare(compression)} removed); ${formatBytes(bytes)} in ${file}`,
      );
      const groups = Object.fromEntries(
        lib.integralGroups(model).map(({ id, size }) => [id, size]),
      );
      output.result({
        source,
        file,
        fileBytes: bytes,
        parameters,
        original,
        compression,
        repair,
        groups,
      });
      model.dispose();
    },
  });
}

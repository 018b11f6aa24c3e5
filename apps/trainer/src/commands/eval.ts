import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { CliError, UsageError } from '../cli/errors.ts';
import { datasetOptions, engineOption } from '../cli/options.ts';
import type { EngineName } from '../engines/types.ts';
import { formatShare, formatTable } from '../report/format.ts';

/** `pleat eval`: the accuracy of a stored model, in a process that never trained it. */
export function evalCommand(): Command {
  return defineCommand({
    name: 'eval',
    usage: '<file>',
    description: 'Measure a .pleat file or tfjs model folder on a split of a data set.',
    examples: [
      ['pleat eval runs/first/model.pleat', 'the test images it was made for'],
      ['pleat eval model.pleat --split validation', 'the held-out training images'],
      ['pleat eval web/model --dataset fashion-mnist', 'a tfjs model folder'],
      ['pleat eval model.pleat --json', 'the same for a program'],
    ],
    configure: (command) => {
      for (const option of datasetOptions()) command.addOption(option);
      command
        .addOption(
          new Option('--split <name>', 'images to use')
            .choices(['test', 'validation', 'train'])
            .default('test'),
        )
        .addOption(engineOption())
        .option('--threads <number>', 'threads of the engine', Number);
    },
    run: async ({ args, flags, output }) => {
      const file = args[0]!;
      const threads = flags.threads as number | undefined;
      if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
        throw new UsageError('--threads takes a whole number above 0.');
      }
      const [
        { datasetOf },
        { explainEngine, startEngine },
        { openModel, requireFile },
        { evaluate },
        { checkFit },
      ] = await Promise.all([
        import('../data/dataset-of.ts'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../train/evaluate.ts'),
        import('../train/fit.ts'),
      ]);
      await requireFile(file);
      const engine = await startEngine(flags.engine as EngineName, {
        threads: threads ?? 'auto',
        debug: output.debug,
      });
      const { model, metadata, bytes } = await openModel(file, flags);
      output.note(explainEngine(engine));
      const { name, dataset } = await datasetOf(file, metadata, flags);
      checkFit(model, dataset);
      const split = dataset[flags.split as 'test' | 'validation' | 'train'];
      if (split === null || split.length === 0) {
        throw new UsageError(`${name} has no ${flags.split} images here; choose another --split.`);
      }
      const { mean, std } = metadata.preprocessing ?? dataset;
      const result = await evaluate(model, split, { ...dataset, mean, std });
      const { accuracy, correct, images, loss, confusion } = result;
      model.dispose();
      if (!Number.isFinite(loss)) {
        throw new CliError(
          `${file} gives a loss of ${loss}: its weights hold NaN or infinity, or lead there, so its accuracy means nothing; train it anew or take an earlier file.`,
        );
      }
      output.say(
        `${formatShare(accuracy)} of ${images} ${flags.split} images of ${name} (${correct} right, loss ${loss.toFixed(4)})`,
      );
      const rows = dataset.classes.map((label, i) => {
        const total = confusion[i]!.reduce((a, b) => a + b, 0);
        return [
          `  ${label}`,
          total === 0 ? '-' : formatShare(confusion[i]![i]! / total),
          `of ${total}`,
        ];
      });
      if (rows.length <= 20) for (const line of formatTable(rows)) output.say(line);
      output.result({
        file,
        fileBytes: bytes ?? null,
        dataset: name,
        split: flags.split,
        engine: engine.name,
        images,
        correct,
        accuracy,
        loss,
        classes: dataset.classes,
        confusion,
      });
    },
  });
}

import { join } from 'node:path';
import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetOptions, engineOption } from '../cli/options.ts';
import type { EngineName } from '../engines/types.ts';
import { needsImages, planIn, pruneOptions } from '../prune/options.ts';
import { formatShare } from '../report/format.ts';

/** `pleat prune`: a smaller model by one of the baselines, with its accuracy before and after. */
export function pruneCommand(): Command {
  return defineCommand({
    name: 'prune',
    usage: '<file> <out>',
    description:
      'Prune a .pleat file or tfjs model folder and measure it before and after on validation images.',
    examples: [
      [
        'pleat prune model.pleat small.pleat --compression 0.4',
        'smallest filters (L1), all groups',
      ],
      ['pleat prune model.pleat small --compression 0.4 --league last-stage', 'into a tfjs folder'],
      [
        'pleat prune model.pleat small.pleat --compression 0.3 --criterion zeros',
        'by feature maps',
      ],
      [
        'pleat prune model.pleat sparse.pleat --compression 0.9 --criterion magnitude',
        'single weights',
      ],
      ['pleat prune model.pleat small.pleat --compression 0.4 --resume', 'go on after Ctrl-C'],
      ['pleat prune model.pleat small.pleat --compression 0.4 --json', 'the same for a program'],
    ],
    configure: (command) => {
      for (const option of [...pruneOptions(), ...datasetOptions()]) command.addOption(option);
      command
        .option('--no-measure', 'do not measure accuracy')
        .addOption(engineOption())
        .option('--resume', 'go on with a pruning that was stopped')
        .option('--overwrite', 'replace what is there');
    },
    run: async ({ args, flags, output }) => {
      const [source, out] = args as [string, string];
      const plan = planIn(flags);
      const [
        partial,
        { startEngine },
        { datasetNamed, datasetOf },
        { hashOf, openModel },
        { writeModel },
        { firstImages },
        { checkFit },
        { watchSignals },
        { describePruning },
        { runPruning },
      ] = await Promise.all([
        import('../files/partial.ts'),
        import('../engines/registry.ts'),
        import('../data/dataset-of.ts'),
        import('../files/pleat.ts'),
        import('../files/write.ts'),
        import('../train/data.ts'),
        import('../train/fit.ts'),
        import('../train/signals.ts'),
        import('../prune/describe.ts'),
        import('../prune/pruning.ts'),
      ]);
      const inFolder = [join(out, 'model.json'), join(out, 'weights.bin')] as const;
      const targets = out.endsWith('.pleat') ? ([out] as const) : inFolder;
      const begun = await partial.beginning(out, flags, targets);
      if (begun === 'finished') {
        output.note(`The pruning of ${out} is finished already.`);
        output.result({ file: source, out, finished: true });
        return;
      }
      if (flags.resume && begun === 'new') {
        output.note(`Nothing to resume for ${out} yet: starting from the beginning.`);
      }
      const signals = watchSignals(partial.stoppedMessage(out));
      try {
        const engine = await startEngine(flags.engine as EngineName, {
          threads: 'auto',
          debug: output.debug,
        });
        const { model, metadata } = await openModel(source, flags);
        const needed = needsImages(plan.criterion);
        const name = datasetNamed(flags, metadata);
        if (name === null && needed) {
          throw new UsageError(
            `--criterion ${plan.criterion} watches feature maps over images, and ${source} names no data set; name one with --dataset.`,
          );
        }
        const measure = flags.measure === true;
        let dataset = null;
        if (name !== null && (needed || measure)) {
          const all = (await datasetOf(source, metadata, flags)).dataset;
          checkFit(model, all);
          dataset = { ...firstImages(all, plan.images), ...metadata.preprocessing };
        }
        const sourceHash = await hashOf(source);
        const settings = {
          ...plan,
          ...{ source, sourceHash, dataset: name, measure, engine: engine.name },
        };
        const { small, report, before, after } = await runPruning(
          { model, dataset },
          settings,
          out,
          { resume: begun === 'resume', signals },
        );
        const written = await writeModel(out, small, metadata);
        await partial.removePartial(out);
        for (const line of describePruning(report)) output.say(line);
        if (before !== null && after !== null) {
          output.say(
            `${formatShare(before.accuracy)} → ${formatShare(after.accuracy)} of ${after.images} validation images of ${name}, without fine-tuning`,
          );
        } else if (name === null) {
          output.say('Accuracy: not measured, no data set is named (--dataset).');
        }
        output.say(`Written to ${written.files.join(', ')}`);
        const { compression: asked, criterion, seed } = plan;
        output.result({
          ...{ file: source, out, engine: engine.name, criterion, asked, seed, dataset: name },
          ...{ split: 'validation', before, after, report, ...written },
        });
        model.dispose();
        small.dispose();
      } finally {
        signals.stop();
      }
    },
  });
}

import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetOptions, engineOption, whole } from '../cli/options.ts';
import type { EngineName } from '../engines/types.ts';
import { leagueGroups, requireIntegral } from '../integral/model.ts';
import type { TuneState } from '../integral/tuning.ts';
import { type WidthChoice, widthIn, widthOptions } from '../integral/width-options.ts';
import { formatBytes, formatCount, formatShare } from '../report/format.ts';

/** `pleat tune`: learns where an integral model is sampled, and nothing else unless asked. */
export function tuneCommand(): Command {
  return defineCommand({
    name: 'tune',
    usage: '<integral> <file>',
    description:
      'Tune where an integral model is sampled at a width, on few training images; its weights stay.',
    examples: [
      ['pleat tune integral.pleat tuned.pleat --compression 0.4', 'positions alone'],
      [
        'pleat tune integral.pleat tuned.pleat --compression 0.4 --league last',
        'groups near the output alone',
      ],
      [
        'pleat tune integral.pleat tuned.pleat --compression 0.4 --biases --norms',
        'biases and norms too',
      ],
      ['pleat tune integral.pleat tuned.pleat --compression 0.4 --resume', 'go on after Ctrl-C'],
      ['pleat resize tuned.pleat small.pleat', 'then: the plain model at that width'],
    ],
    configure: (command) => {
      for (const option of widthOptions()) command.addOption(option);
      command
        .addOption(
          new Option('--league <name>', 'groups that change: all, or the last half of them')
            .choices(['all', 'last'])
            .default('all'),
        )
        .addOption(
          new Option('--kind <name>', 'positions of this width, or one set that any width reads')
            .choices(['trainable', 'shared'])
            .default('trainable'),
        )
        .option('--knots <number>', 'of a shared set', Number, 16)
        .option('--biases', 'tune biases too')
        .option('--norms', 'tune scales, shifts and statistics of norms too')
        .option('--images <number>', 'training images that are used', Number, 1000)
        .option('--epochs <number>', 'passes over them', Number, 5)
        .option('--batch <number>', 'images a step', Number, 50)
        .option('--learning-rate <number>', 'of Adam', Number, 0.005)
        .option('--seed <number>', 'of the order of images', Number, 0);
      for (const option of datasetOptions()) command.addOption(option);
      command
        .addOption(engineOption())
        .option('--checkpoint-every <number>', 'steps between saves', Number, 20)
        .option('--resume', 'go on with a tuning that was stopped')
        .option('--overwrite', 'replace a file that is there');
    },
    run: async ({ args, flags, output }) => {
      const [source, file] = args as [string, string];
      const width = widthIn(flags);
      const numbers = {
        knots: whole(flags, 'knots', 1),
        images: whole(flags, 'images', 1),
        epochs: whole(flags, 'epochs', 1),
        batch: whole(flags, 'batch', 1),
        seed: whole(flags, 'seed', 0),
      };
      const every = whole(flags, 'checkpointEvery', 1);
      const learningRate = flags.learningRate as number;
      if (!(learningRate > 0 && learningRate < Infinity)) {
        throw new UsageError('--learning-rate takes a number above 0.');
      }
      const [
        lib,
        tuning,
        partial,
        { datasetOf },
        { startEngine },
        { hashOf, openModel },
        store,
        fit,
        data,
        signal,
        { createProgress },
      ] = await Promise.all([
        import('@pleat/integral'),
        import('../integral/tuning.ts'),
        import('../files/partial.ts'),
        import('../data/dataset-of.ts'),
        import('../engines/registry.ts'),
        import('../files/pleat.ts'),
        import('../files/store.ts'),
        import('../train/fit.ts'),
        import('../train/data.ts'),
        import('../train/signals.ts'),
        import('../cli/progress.ts'),
      ]);
      const begun = await partial.beginning(file, flags);
      if (begun === 'finished') {
        output.note(`The tuning of ${file} is finished already.`);
        output.result({ source, file, finished: true });
        return;
      }
      const signals = signal.watchSignals(partial.stoppedMessage(file));
      try {
        const engine = await startEngine(flags.engine as EngineName, {
          threads: 'auto',
          debug: output.debug,
        });
        const { model, metadata } = await openModel(source, flags);
        requireIntegral(model, source);
        const { name, dataset: all } = await datasetOf(source, metadata, flags);
        fit.checkFit(model, all);
        const dataset = { ...data.firstImages(all, numbers.images), ...metadata.preprocessing };
        if (dataset.train.length < numbers.batch) {
          throw new UsageError(
            `--batch is ${numbers.batch}, but only ${dataset.train.length} training images are used; lower it.`,
          );
        }
        const league = flags.league as string;
        const groups = setWidth(lib, model, width, league);
        const settings = {
          source,
          sourceHash: await hashOf(source),
          width,
          league,
          groups,
          kind: flags.kind as 'trainable' | 'shared',
          biases: flags.biases === true,
          norms: flags.norms === true,
          dataset: name,
          learningRate,
          engine: engine.name,
          ...numbers,
        };
        const work =
          begun === 'resume'
            ? await partial.openPartial<TuneState>(file, settings)
            : {
                model,
                state: {
                  settings,
                  step: 0,
                  losses: [],
                  before: await tuning.accuracyOf(model, dataset, signals),
                  optimizer: null,
                },
              };
        if (flags.resume && work.state.step === 0) {
          output.note(`Nothing to resume for ${file} yet: starting from the beginning.`);
        }
        const total = tuning.tuningSteps(settings, dataset);
        if (work.state.step > 0) output.note(`Resuming at step ${work.state.step} of ${total}.`);
        const progress = createProgress({
          total,
          start: work.state.step,
          perStep: numbers.batch,
        });
        try {
          await tuning.runTuning(work, dataset, file, { every, progress, signals });
        } finally {
          progress.stop();
        }
        const after = await tuning.accuracyOf(work.model, dataset, signals);
        const fileBytes = await store.storeModel(file, work.model);
        await partial.removePartial(file);
        const { parameters, original, compression } = lib.compressionOf(work.model);
        const { before, losses } = work.state;
        if (before !== null && after !== null) {
          output.say(
            `${formatShare(before)} → ${formatShare(after)} of ${dataset.validation.length} validation images of ${name}`,
          );
        }
        output.say(
          `${formatCount(parameters)} of ${formatCount(original)} parameters (${formatShare(compression)} removed); ${formatBytes(fileBytes)} in ${file}`,
        );
        output.result({
          ...settings,
          file,
          fileBytes,
          steps: total,
          before,
          after,
          losses,
          parameters,
          original,
          compression,
        });
      } finally {
        signals.stop();
      }
    },
  });
}

/** Brings a model to the width asked for; gives the groups that are tuned: those of the league that are not whole. */
function setWidth(
  lib: typeof import('@pleat/integral'),
  model: Parameters<typeof lib.resize>[0],
  width: WidthChoice | null,
  league: string,
): string[] {
  const free = leagueGroups(lib.integralGroups(model), league).map(({ id }) => id);
  if (width?.budget) {
    lib.resizeToBudget(model, { ...width.budget, groups: free });
  }
  if (width !== null) lib.resize(model, width.sizes);
  const groups = lib.integralGroups(model).filter(({ id, size, coefficients, partition }) => {
    const meant = free.includes(id) || id in (width?.sizes ?? {});
    return meant && size > 1 && (size !== coefficients || partition !== 'uniform');
  });
  if (groups.length > 0) return groups.map(({ id }) => id);
  throw new UsageError(
    'Every group has its original channels, where there is nothing to tune; say how wide: --compression, --parameters, --multiply-adds or --group.',
  );
}

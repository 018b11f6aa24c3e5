import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Batches, Dataset } from '@pleat/datasets';
import type { PruneChannelsReport, PruneWeightsReport } from '@pleat/prune';
import type * as tf from '@tensorflow/tfjs';
import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { datasetNames, engineNames } from '../config/schema.ts';
import { didYouMean } from '../config/suggest.ts';
import type { EngineName } from '../engines/types.ts';
import { formatCount, formatShare, formatTable } from '../report/format.ts';

const channelCriteria = ['l1', 'l2', 'random', 'mean', 'variance', 'zeros'] as const;
const weightCriteria = ['magnitude', 'random-weights'] as const;
type ChannelCriterion = (typeof channelCriteria)[number];

/** The data set that a flag or the file names, or null when neither does. */
function datasetName(flag: unknown, stored: string | undefined): string | null {
  const name = (flag as string | undefined) ?? stored ?? null;
  if (name !== null && !(datasetNames as readonly string[]).includes(name)) {
    throw new UsageError(
      `--dataset takes one of ${datasetNames.join(', ')}, found "${name}"${didYouMean(name, datasetNames) || '.'}`,
    );
  }
  return name;
}

function number(flag: string, value: unknown, least: number, below: number, whole = false): number {
  const found = value as number;
  if (found >= least && found < below && (!whole || Number.isInteger(found))) return found;
  const range = below === Infinity ? `of at least ${least}` : `from ${least} to below ${below}`;
  throw new UsageError(`--${flag} takes a ${whole ? 'whole ' : ''}number ${range}.`);
}

/** The first training images as batches of inputs; labels are not read. */
async function* inputs(
  tensor4d: typeof tf.tensor4d,
  batches: Batches,
  shape: Dataset['shape'],
  images: number,
): AsyncGenerator<tf.Tensor> {
  let left = images;
  for await (const batch of batches) {
    const count = Math.min(left, batch.size);
    const values = batch.images.subarray(0, count * shape[0] * shape[1] * shape[2]);
    const x = tensor4d(values, [count, ...shape]);
    yield x;
    x.dispose();
    left -= count;
    if (left <= 0) return;
  }
}

function describeChannels(report: PruneChannelsReport): { lines: string[]; summary: string } {
  const rows = report.groups.map(({ id, size, kept }) => [
    `  ${id}`,
    `${size}`,
    `→ ${kept.length}`,
  ]);
  const { before, after, compression } = report;
  const work =
    compression.multiplyAdds === null
      ? ''
      : `, ${formatShare(compression.multiplyAdds)} of the multiply-adds`;
  return {
    lines: formatTable(rows),
    summary: `${formatCount(before.parameters)} → ${formatCount(after.parameters)} parameters: ${formatShare(compression.parameters)} removed${work}`,
  };
}

function describeWeights(report: PruneWeightsReport): { lines: string[]; summary: string } {
  const rows = report.layers.map(({ layer, weight, weights, removed }) => [
    `  ${layer} ${weight}`,
    formatShare(removed / weights),
    `of ${formatCount(weights)}`,
  ]);
  return {
    lines: formatTable(rows),
    summary: `${formatCount(report.removed)} of ${formatCount(report.weights)} kernel weights are zero now`,
  };
}

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
      ['pleat prune model.pleat small.pleat --compression 0.4 --json', 'the same for a program'],
    ],
    configure: (command) =>
      command
        .requiredOption('--compression <share>', 'share of the model that is removed', Number)
        .addOption(
          new Option('--criterion <name>', 'what goes first')
            .choices([...channelCriteria, ...weightCriteria])
            .default('l1'),
        )
        .addOption(
          new Option('--league <name>', 'which channels are cut')
            .choices(['uniform', 'last-stage'])
            .default('uniform'),
        )
        .addOption(
          new Option('--of <cost>', 'what the share counts')
            .choices(['parameters', 'multiply-adds'])
            .default('parameters'),
        )
        .addOption(
          new Option('--scope <name>', 'for single weights: over the model, or in each layer')
            .choices(['global', 'layer'])
            .default('global'),
        )
        .option(
          '--images <number>',
          'training images over which feature maps are watched',
          Number,
          512,
        )
        .option('--seed <number>', 'of the random criteria', Number, 0)
        .option('--dataset <name>', `${datasetNames.join(' | ')} (default: what the file names)`)
        .option('--data <folder>', 'folder that holds the data')
        .option('--no-measure', 'do not measure accuracy')
        .addOption(
          new Option('--engine <name>', 'what computes')
            .choices(['auto', ...engineNames])
            .default('auto'),
        )
        .option('--overwrite', 'replace what is there'),
    run: async ({ args, flags, output }) => {
      const [file, out] = args as [string, string];
      const compression = number('compression', flags.compression, 0, 1);
      const images = number('images', flags.images, 1, Infinity, true);
      const seed = number('seed', flags.seed, 0, Infinity, true);
      const target = out.endsWith('.pleat') ? out : join(out, 'model.json');
      if (existsSync(target) && !flags.overwrite) {
        throw new UsageError(`${out} holds a model already; add --overwrite to replace it.`);
      }
      const [
        { batches, loadDataset },
        { pruneChannels, pruneWeights },
        { tensor4d },
        { startEngine },
        { splitOf },
        { openModel },
        { evaluate },
        { checkFit },
        { writeModel },
      ] = await Promise.all([
        import('@pleat/datasets'),
        import('@pleat/prune'),
        import('@tensorflow/tfjs'),
        import('../engines/registry.ts'),
        import('../data/dataset-of.ts'),
        import('../files/pleat.ts'),
        import('../train/evaluate.ts'),
        import('../train/fit.ts'),
        import('../files/write.ts'),
      ]);
      const engine = await startEngine(flags.engine as EngineName, {
        threads: 'auto',
        debug: output.debug,
      });
      const { model, metadata } = await openModel(file);
      const name = datasetName(flags.dataset, metadata.dataset);
      const criterion = flags.criterion as ChannelCriterion | (typeof weightCriteria)[number];
      const needsData = ['mean', 'variance', 'zeros'].includes(criterion);
      if (name === null && needsData) {
        throw new UsageError(
          `--criterion ${criterion} watches feature maps over images, and ${file} names no data set; name one with --dataset.`,
        );
      }
      let dataset: Dataset | null = null;
      if (name !== null && (needsData || flags.measure)) {
        dataset = await loadDataset(name as (typeof datasetNames)[number], {
          ...(flags.data !== undefined && { data: flags.data as string }),
          ...splitOf(metadata),
        });
        checkFit(model, dataset);
        dataset = { ...dataset, ...metadata.preprocessing };
      }
      const measure = async (which: tf.LayersModel) => {
        if (dataset === null || !flags.measure || dataset.validation.length === 0) return null;
        const {
          accuracy,
          correct,
          images: count,
        } = await evaluate(which, dataset.validation, dataset);
        return { accuracy, correct, images: count };
      };
      const before = await measure(model);
      const isWeights = (weightCriteria as readonly string[]).includes(criterion);
      let small: tf.LayersModel;
      let told: { lines: string[]; summary: string };
      let report: PruneChannelsReport | PruneWeightsReport;
      try {
        if (isWeights) {
          const { model: sparse, report: done } = pruneWeights(model, {
            criterion: criterion === 'magnitude' ? 'magnitude' : 'random',
            compression,
            scope: flags.scope as 'global' | 'layer',
            seed,
          });
          [small, report, told] = [sparse, done, describeWeights(done)];
        } else {
          const source =
            dataset === null
              ? null
              : batches(dataset.train, {
                  shape: dataset.shape,
                  batchSize: 64,
                  shuffle: false,
                  normalize: { mean: dataset.mean, std: dataset.std },
                });
          const { model: cut, report: done } = await pruneChannels(model, {
            criterion: criterion as ChannelCriterion,
            compression,
            of: flags.of === 'multiply-adds' ? 'multiplyAdds' : 'parameters',
            league: flags.league as 'uniform' | 'last-stage',
            seed,
            ...(needsData &&
              source !== null && {
                data: inputs(tensor4d, source, (dataset as Dataset).shape, images),
              }),
          });
          [small, report, told] = [cut, done, describeChannels(done)];
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UsageError(`${file} cannot be pruned so: ${error.message}`);
      }
      const after = await measure(small);
      const written = await writeModel(out, small, metadata);
      for (const line of told.lines) output.say(line);
      output.say(told.summary);
      if (before !== null && after !== null) {
        output.say(
          `${formatShare(before.accuracy)} → ${formatShare(after.accuracy)} of ${after.images} validation images of ${name}, without fine-tuning`,
        );
      } else if (name === null)
        output.say('Accuracy: not measured, no data set is named (--dataset).');
      output.say(`Written to ${written.files.join(', ')}`);
      output.result({
        file,
        out,
        engine: engine.name,
        criterion,
        asked: compression,
        seed,
        dataset: name,
        split: 'validation',
        before,
        after,
        report,
        ...written,
      });
      model.dispose();
      small.dispose();
    },
  });
}

import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import type { Output } from '../cli/output.ts';
import { progressToParent } from '../cli/parent.ts';
import { readConfigFile } from '../config/file.ts';
import { addTrainFlags } from '../config/flags.ts';
import { type OptionSource, resolveConfig } from '../config/resolve.ts';
import { resumeConfig } from '../config/resume.ts';
import type { TrainConfig } from '../config/schema.ts';
import { formatBytes, formatShare } from '../report/format.ts';
import { readRunConfig, runPaths } from '../run/folder.ts';
import type { SplitSummary, Summary } from '../run/summary.ts';
import type { TrainMode } from '../train/run.ts';

interface Plan {
  config: TrainConfig;
  mode: TrainMode;
}

async function planRun(flags: Record<string, unknown>, output: Output): Promise<Plan> {
  const { config: file, resume, overwrite, ...given } = flags;
  const asked: OptionSource[] = [];
  if (file !== undefined) {
    asked.push({ options: await readConfigFile(file as string), origin: file as string });
  }
  asked.push({ options: given, origin: 'the command line' });
  if (!resume) return { config: resolveConfig(...asked), mode: overwrite ? 'overwrite' : 'new' };
  if (overwrite) throw new UsageError('--resume and --overwrite exclude each other; choose one.');
  const named = asked.map(({ options }) => options.out).findLast((out) => out !== undefined);
  const root = (named as string | undefined) ?? resolveConfig(...asked).out!;
  const paths = runPaths(root);
  const saved = await readRunConfig(paths);
  if (saved) {
    const config = resumeConfig({ options: saved, origin: paths.config }, asked);
    return { config: { ...config, out: root }, mode: 'resume' };
  }
  // A run killed in its first moments has left nothing; the same command starts it again.
  const beyondOut = asked.some(({ options }) =>
    Object.entries(options).some(([key, value]) => key !== 'out' && value !== undefined),
  );
  if (!beyondOut) {
    throw new UsageError(
      `There is nothing to resume in ${root}: it has no config.json; check --out.`,
    );
  }
  output.note(`Nothing to resume in ${root} yet: starting from the beginning.`);
  return { config: resolveConfig(...asked), mode: 'new' };
}

function measured({ accuracy, correct, images }: SplitSummary): string {
  return `${formatShare(accuracy)} (${correct} of ${images}, on the model as read back from the file)`;
}

function tell(summary: Summary, output: Output): void {
  const { test, validation, size } = summary;
  output.say();
  if (test) output.say(`Test accuracy  ${measured(test)}`);
  else output.say('Test accuracy  - (the data set has no test images here)');
  if (validation)
    output.say(`Validation     ${measured(validation)}; kept: epoch ${summary.selected.epoch}`);
  output.say(
    `File           ${formatBytes(size.fileBytes)} of ${formatBytes(size.float32Bytes)} in float32: ${formatShare(size.trueRatio)} smaller${size.paperRatio === null ? '' : ` (the paper's ratio: ${formatShare(size.paperRatio)})`}`,
  );
  output.say(`Model          ${summary.model}`);
  output.say(`Report         ${summary.report}`);
  output.result(summary);
}

/** `pleat train`: trains a model or its masks and leaves a `.pleat` file and a report. */
export function trainCommand(): Command {
  return defineCommand({
    name: 'train',
    description: 'Train a model, or masks over random weights, and store it in one .pleat file.',
    examples: [
      [
        'pleat train --epochs 4 --out runs/first',
        'signed masks on the shipped Fashion-MNIST images',
      ],
      ['pleat train --learner edge-popup --keep 0.5', "the paper's learner"],
      ['pleat train --method dense --learning-rate 0.01', 'the same network, trained as usual'],
      ['pleat train --config run.yaml --seed 2', 'options from a file; flags go first'],
      ['pleat train --resume --out runs/first', 'go on after Ctrl-C, a crash or a power cut'],
    ],
    configure: (command) => {
      addTrainFlags(command)
        .optionsGroup('Run:')
        .option(
          '--config <file>',
          'JSON or YAML file with any of these options (flags override it)',
        )
        .option('--resume', 'continue the run in --out')
        .option('--overwrite', 'replace the run in --out');
    },
    run: async ({ flags, output }) => {
      const { config, mode } = await planRun(flags, output);
      const { runTraining } = await import('../train/run.ts');
      tell(await runTraining(config, mode, output, progressToParent()), output);
    },
  });
}

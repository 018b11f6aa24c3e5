import { existsSync } from 'node:fs';
import { writeFileAtomic } from '@pleat/codec/node';
import { type Command, Option } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { formatBytes } from '../report/format.ts';

const codings = ['float32', 'float16', 'uint8'] as const;

/** `pleat pack`: a tfjs model folder as one `.pleat` file. */
export function packCommand(): Command {
  return defineCommand({
    name: 'pack',
    usage: '<folder> <file>',
    description: 'Turn a tfjs model folder (model.json and weights) into one .pleat file.',
    examples: [
      ['pleat pack web/model model.pleat', 'exactly the same weights'],
      ['pleat pack web/model model.pleat --tensors float16', 'half the bytes, rounded weights'],
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--tensors <coding>', 'coding of the weights')
            .choices(codings)
            .default('float32'),
        )
        .option('--overwrite', 'replace a file that is there'),
    run: async ({ args, flags, output }) => {
      const [folder, file] = args as [string, string];
      if (existsSync(file) && !flags.overwrite) {
        throw new UsageError(`${file} is there already; add --overwrite to replace it.`);
      }
      const [{ encodeModel }, { startEngine }, { readModelFolder }] = await Promise.all([
        import('@pleat/mask'),
        import('../engines/registry.ts'),
        import('../files/folder.ts'),
      ]);
      await startEngine('cpu', { threads: 1, debug: output.debug });
      const model = await readModelFolder(folder);
      const bytes = await encodeModel(model, {
        metadata: (model.getUserDefinedMetadata() ?? {}) as Record<string, unknown>,
        tensors: flags.tensors as (typeof codings)[number],
      });
      await writeFileAtomic(file, bytes);
      const float32Bytes = 4 * model.countParams();
      model.dispose();
      output.say(
        `${formatBytes(float32Bytes)} of float32 weights → ${formatBytes(bytes.length)} in ${file}`,
      );
      output.result({ folder, file, fileBytes: bytes.length, float32Bytes });
    },
  });
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { formatBytes } from '../report/format.ts';

/** `pleat unpack`: a `.pleat` file as the folder any tfjs program loads. */
export function unpackCommand(): Command {
  return defineCommand({
    name: 'unpack',
    usage: '<file> <folder>',
    description: 'Turn a .pleat file into a tfjs model folder (model.json and weights.bin).',
    examples: [
      ['pleat unpack model.pleat web/model', 'for tf.loadLayersModel("web/model/model.json")'],
      ['pleat unpack model.pleat web/model --overwrite', 'replace what is there'],
    ],
    configure: (command) => command.option('--overwrite', 'replace a model that is there'),
    run: async ({ args, flags, output }) => {
      const [file, folder] = args as [string, string];
      if (existsSync(join(folder, 'model.json')) && !flags.overwrite) {
        throw new UsageError(`${folder} holds a model already; add --overwrite to replace it.`);
      }
      const [{ startEngine }, { writeModelFolder }, { openModel }] = await Promise.all([
        import('../engines/registry.ts'),
        import('../files/folder.ts'),
        import('../files/pleat.ts'),
      ]);
      await startEngine('cpu', { threads: 1, debug: output.debug });
      const { model, metadata, bytes } = await openModel(file);
      if (bytes === undefined)
        throw new UsageError(`${file} is a model folder already; give a .pleat file.`);
      model.setUserDefinedMetadata(metadata);
      const written = await writeModelFolder(folder, model);
      model.dispose();
      output.say(
        `${formatBytes(bytes)} → ${formatBytes(written.bytes)} in ${written.files.join(', ')}`,
      );
      output.result({
        file,
        folder,
        fileBytes: bytes,
        folderBytes: written.bytes,
        files: written.files,
      });
    },
  });
}

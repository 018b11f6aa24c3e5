import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readHeader } from '@pleat/codec';
import { decodeModel } from '@pleat/mask';
import type { Command } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { UsageError } from '../cli/errors.ts';
import { startEngine } from '../engines/registry.ts';
import { writeModelFolder } from '../files/folder.ts';
import { explainPleat, readPleatFile } from '../files/pleat.ts';
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
      await startEngine('cpu', { threads: 1, debug: output.debug });
      const bytes = await readPleatFile(file);
      const model = await explainPleat(file, () => decodeModel(bytes));
      model.setUserDefinedMetadata(readHeader(bytes).metadata);
      const written = await writeModelFolder(folder, model);
      model.dispose();
      output.say(
        `${formatBytes(bytes.length)} → ${formatBytes(written.bytes)} in ${written.files.join(', ')}`,
      );
      output.result({
        file,
        folder,
        fileBytes: bytes.length,
        folderBytes: written.bytes,
        files: written.files,
      });
    },
  });
}

import { Command } from 'commander';
import { setupTensorflowCommand } from './setup/tensorflow.ts';
import { setupTorchCommand } from './setup/torch.ts';

/** `pleat setup`: brings an engine to this machine. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('Bring an engine to this machine, in a folder of the cache.')
    .helpCommand(false)
    .addCommand(setupTorchCommand())
    .addCommand(setupTensorflowCommand())
    .addHelpText(
      'after',
      '\nExamples:\n  $ pleat setup torch       a private copy of libtorch\n  $ pleat setup tensorflow  tfjs-node, built on this machine',
    );
}

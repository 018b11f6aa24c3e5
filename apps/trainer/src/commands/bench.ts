import { Command } from 'commander';
import { benchEngineCommand } from './bench/engine.ts';

/** `pleat bench`: measures this machine. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Measure what this machine does.')
    .helpCommand(false)
    .addCommand(benchEngineCommand())
    .addHelpText('after', '\nExamples:\n  $ pleat bench engine  a training step on every engine');
}

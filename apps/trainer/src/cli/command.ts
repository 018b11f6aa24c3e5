import { Command } from 'commander';
import { createOutput, type Output } from './output.ts';

/** What distinguishes one command from another. */
export interface CommandSpec {
  name: string;
  /** Arguments in commander's notation, such as `<file>`. */
  usage?: string;
  description: string;
  examples: [command: string, meaning: string][];
  configure?: (command: Command) => void;
  run: (input: { args: string[]; flags: Record<string, unknown>; output: Output }) => Promise<void>;
}

/** A commander command with the flags and manners all of Pleat's commands share. */
export function defineCommand(spec: CommandSpec): Command {
  const command = new Command(spec.name).description(spec.description);
  for (const argument of spec.usage?.split(' ') ?? []) command.argument(argument);
  spec.configure?.(command);
  command
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .option('--debug', 'show the stack of an error');
  const width = Math.max(...spec.examples.map(([line]) => line.length));
  const examples = spec.examples.map(([line, meaning]) => `  $ ${line.padEnd(width)}  ${meaning}`);
  command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  command.action(async () => {
    const { json, debug, ...flags } = command.opts<Record<string, unknown>>();
    const output = createOutput({ json: json === true, debug: debug === true });
    await spec.run({ args: command.args, flags, output });
  });
  return command;
}

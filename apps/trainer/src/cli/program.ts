import { Command, CommanderError } from 'commander';
import { benchCommand } from '../commands/bench.ts';
import { convertCommand } from '../commands/convert.ts';
import { curveCommand } from '../commands/curve.ts';
import { doctorCommand } from '../commands/doctor.ts';
import { evalCommand } from '../commands/eval.ts';
import { inspectCommand } from '../commands/inspect.ts';
import { packCommand } from '../commands/pack.ts';
import { pruneCommand } from '../commands/prune.ts';
import { reportCommand } from '../commands/report.ts';
import { resizeCommand } from '../commands/resize.ts';
import { setupCommand } from '../commands/setup.ts';
import { sweepCommand } from '../commands/sweep.ts';
import { trainCommand } from '../commands/train.ts';
import { tspCommand } from '../commands/tsp.ts';
import { tuneCommand } from '../commands/tune.ts';
import { unpackCommand } from '../commands/unpack.ts';
import { workCommand } from '../commands/work.ts';
import { errorSentence, exitCodeOf, exitCodes, UsageError } from './errors.ts';
import { version } from './version.ts';

function createProgram(): Command {
  const program = new Command('pleat')
    .description('Train, store and inspect masking networks on TensorFlow.js.')
    .version(version)
    .helpCommand(false)
    .showSuggestionAfterError(true);
  for (const command of [
    trainCommand(),
    sweepCommand(),
    reportCommand(),
    workCommand(),
    evalCommand(),
    pruneCommand(),
    inspectCommand(),
    packCommand(),
    unpackCommand(),
    convertCommand(),
    tuneCommand(),
    resizeCommand(),
    curveCommand(),
    tspCommand(),
    doctorCommand(),
    setupCommand(),
    benchCommand(),
  ]) {
    program.addCommand(command);
  }
  program.addHelpText(
    'after',
    '\nExamples:\n  $ pleat train --epochs 4 --out runs/first\n  $ pleat eval runs/first/model.pleat\n  $ pleat doctor',
  );
  // Commander's own texts are thrown and presented like every other error.
  const inner = program.commands.flatMap((command) => command.commands);
  for (const command of [program, ...program.commands, ...inner]) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

function fromCommander(error: CommanderError): UsageError {
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const text = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '');
  return new UsageError(`${text}${hint ? ` ${hint}` : ''}; see --help.`);
}

function present(error: unknown, flags: { json: boolean; debug: boolean }): number {
  const exitCode = exitCodeOf(error);
  const message = errorSentence(error);
  if (flags.json) process.stdout.write(`${JSON.stringify({ error: { message, exitCode } })}\n`);
  const label =
    exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated ? '' : 'error: ';
  process.stderr.write(`${label}${message}\n`);
  if (flags.debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCode;
}

/** Runs one command line; returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const flags = { json: args.includes('--json'), debug: args.includes('--debug') };
  try {
    const program = createProgram();
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.usage;
    }
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return present(error, flags);
    // Help and version were asked for and printed.
    if (error.exitCode === 0) return 0;
    // A group of commands named without one of them has printed its help, too.
    if (error.code === 'commander.help') return exitCodes.usage;
    return present(fromCommander(error), flags);
  }
}

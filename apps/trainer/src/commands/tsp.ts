import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { defineCommand } from '../cli/command.ts';
import { CliError } from '../cli/errors.ts';
import { formatCount, formatShare } from '../report/format.ts';

function toSeconds(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value < Infinity)) {
    throw new InvalidArgumentError('It must be a number of seconds, 0 or more.');
  }
  return value;
}

function toSeed(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  }
  return value;
}

async function readInstance(file: string) {
  const { parseTsplib, TsplibError } = await import('@pleat/tsp');
  const text = await readFile(file, 'utf8');
  try {
    return parseTsplib(text);
  } catch (error) {
    if (!(error instanceof TsplibError)) throw error;
    throw new CliError(`${file} is no readable TSPLIB file: ${error.message}.`, { cause: error });
  }
}

/** `pleat tsp`: a short tour, or open path, through the cities of a TSPLIB file. */
export function tspCommand(): Command {
  return defineCommand({
    name: 'tsp',
    usage: '<file>',
    description:
      'Find a short tour (or open path) through the cities of a TSPLIB file, and how short any could be.',
    examples: [
      ['pleat tsp berlin52.tsp', 'a closed tour, in one second'],
      ['pleat tsp berlin52.tsp --open --time-limit 10', 'an open path, in ten'],
      ['pleat tsp berlin52.tsp --json', 'with the order of the cities'],
    ],
    configure: (command) =>
      command
        .option('--open', 'find an open path: the way back does not count')
        .option('--time-limit <seconds>', 'seconds to search', toSeconds, 1)
        .option('--seed <number>', 'seed of the search', toSeed, 0),
    run: async ({ args, flags, output }) => {
      const file = args[0]!;
      const { open, timeLimit, seed } = flags as { open?: true; timeLimit: number; seed: number };
      const { name, matrix } = await readInstance(file);
      if (matrix.n < 2) throw new CliError(`${file} has one city; an order takes two or more.`);
      const { solve } = await import('@pleat/tsp');
      const closed = !open;
      const { order, ...found } = solve(matrix, { closed, timeLimit, seed });
      const { length, lowerBound, gap, identityLength, kicks } = found;
      output.say(
        `${name || file}: ${closed ? 'closed tour' : 'open path'} of ${formatCount(matrix.n)} cities`,
      );
      output.say();
      output.say(`  length         ${length}`);
      output.say(`  lower bound    ${lowerBound.toFixed(1)}`);
      output.say(`  gap            ${formatShare(gap)} at most above the shortest`);
      output.say(`  order of file  ${identityLength}`);
      output.say(`  kicks          ${formatCount(kicks)}`);
      // TSPLIB numbers cities from 1.
      const cities = Array.from(order, (city) => city + 1);
      output.result({ file, name, cities: matrix.n, closed, seed, ...found, order: cities });
    },
  });
}

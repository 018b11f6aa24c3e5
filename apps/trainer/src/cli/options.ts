import { Option } from 'commander';
import { datasetNames, engineNames } from '../config/schema.ts';
import { UsageError } from './errors.ts';

/** The options that name the data set of a stored model. */
export function datasetOptions(): Option[] {
  return [
    new Option('--dataset <name>', `${datasetNames.join(' | ')} (default: what the file names)`),
    new Option('--data <folder>', 'folder that holds the data'),
  ];
}

/** The option that chooses an engine. */
export function engineOption(meaning = 'what computes'): Option {
  return new Option('--engine <name>', meaning).choices(['auto', ...engineNames]).default('auto');
}

const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * A whole number among the flags.
 *
 * @param name as commander writes it, such as `checkpointEvery`
 * @throws UsageError when it is none, or too small
 */
export function whole(flags: Record<string, unknown>, name: string, least: number): number {
  const value = flags[name] as number;
  if (Number.isInteger(value) && value >= least) return value;
  throw new UsageError(`${flagOf(name)} takes a whole number of at least ${least}.`);
}

/**
 * A share of 1 among the flags that is not all.
 *
 * @throws UsageError when it is not from 0 to below 1
 */
export function share(flags: Record<string, unknown>, name: string): number {
  const value = flags[name] as number;
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`${flagOf(name)} takes a number from 0 to below 1.`);
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type OptionInfo, trainOptions } from './schema.ts';

// The schema lists options group by group; a group starts at the option named here.
const groups: Record<string, string> = {
  model: 'Model:',
  dataset: 'Data:',
  method: 'Masks:',
  compression: 'Pruned and quantised weights:',
  from: 'Integral networks, and models to begin from:',
  teacher: 'Distillation:',
  optimizer: 'Optimisation:',
  engine: 'Engine:',
  checkpointEvery: 'Run:',
};

function toNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

const parsers: Record<OptionInfo['type'], (text: string) => unknown> = {
  number: toNumber,
  string: (text) => text,
  boolean: () => true,
  'number-or-word': (text) => (/^[a-z]/i.test(text) ? text : toNumber(text)),
  'json-or-word': (text) => {
    if (!text.trimStart().startsWith('[')) return text;
    try {
      return JSON.parse(text);
    } catch {
      throw new InvalidArgumentError('It must be a preset or a JSON list of steps.');
    }
  },
};

function describe({ description, choices, default: value }: OptionInfo): string {
  const notes = [
    choices?.join(' | '),
    value !== undefined && value !== false && `default: ${String(value)}`,
  ].filter(Boolean);
  return notes.length > 0 ? `${description} (${notes.join('; ')})` : description;
}

/** Adds a flag for every option of the schema; only what was given appears among the parsed ones. */
export function addTrainFlags(command: Command): Command {
  let group = '';
  for (const info of trainOptions()) {
    group = groups[info.key] ?? group;
    const value = info.type === 'boolean' ? '' : info.type === 'number' ? ' <number>' : ' <value>';
    const positive = new Option(`${info.flag}${value}`, describe(info)).helpGroup(group);
    if (info.type !== 'boolean') positive.argParser(parsers[info.type]);
    command.addOption(info.default === true ? positive.hideHelp() : positive);
    if (info.default === true) {
      const off = new Option(info.flag.replace('--', '--no-'), `do not ${info.description}`);
      command.addOption(off.helpGroup(group));
    }
  }
  return command;
}

import type { Budget } from '@pleat/integral';
import { Option } from 'commander';
import { UsageError } from '../cli/errors.ts';

/** How wide an integral model is to be: a budget for all groups, sizes of single ones, or both. */
export interface WidthChoice {
  budget: Budget | null;
  sizes: Record<string, number>;
}

/** The options that say how wide. */
export function widthOptions(): Option[] {
  return [
    new Option('--compression <share>', 'share of the parameters removed').argParser(Number),
    new Option('--parameters <number>', 'the most parameters').argParser(Number),
    new Option('--multiply-adds <number>', 'the most multiply-adds for one image').argParser(
      Number,
    ),
    new Option('--group <name=channels...>', 'channels of single groups'),
  ];
}

function sizesIn(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const size = Number(text.slice(at + 1));
      if (at < 1 || !Number.isInteger(size) || size < 1) {
        throw new UsageError(`--group takes NAME=CHANNELS, such as conv1=8; found "${text}".`);
      }
      return [text.slice(0, at), size];
    }),
  );
}

/**
 * What the options say, or null when they say nothing.
 *
 * @throws UsageError when two budgets are given or a size is no number of channels
 */
export function widthIn(flags: Record<string, unknown>): WidthChoice | null {
  const { compression, parameters, multiplyAdds } = flags;
  const given = Object.entries({ compression, parameters, multiplyAdds }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1) {
    throw new UsageError('Give one of --compression, --parameters and --multiply-adds.');
  }
  for (const [name, value] of given) {
    const flag = name === 'multiplyAdds' ? 'multiply-adds' : name;
    const below = name === 'compression' ? 1 : Infinity;
    if (!((value as number) >= 0 && (value as number) < below)) {
      throw new UsageError(
        `--${flag} takes ${below === 1 ? 'a share from 0 to below 1' : 'a number above 0'}.`,
      );
    }
  }
  const sizes = sizesIn((flags.group as string[] | undefined) ?? []);
  if (given.length === 0 && Object.keys(sizes).length === 0) return null;
  return { budget: given.length === 0 ? null : (Object.fromEntries(given) as Budget), sizes };
}

import { UsageError } from '../cli/errors.ts';
import { type OptionSource, resolveConfig } from './resolve.ts';
import { mayChange } from './rules.ts';
import { flagOf, type TrainConfig } from './schema.ts';

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/**
 * The configuration a stopped run goes on with: the saved one, and from what is asked for now only
 * options that decide no bit of the result.
 *
 * @throws UsageError when another option is asked for with another value
 */
export function resumeConfig(saved: OptionSource, asked: readonly OptionSource[]): TrainConfig {
  const { engine } = saved.options;
  const changes: Record<string, unknown> = {};
  for (const { options, origin } of asked) {
    for (const [key, value] of Object.entries(options)) {
      if (value === undefined || same(value, saved.options[key])) continue;
      const known = key in saved.options;
      const free = mayChange(key, engine);
      // What the run settled on is one of what `auto` allows.
      const any = value === 'auto' && (key === 'engine' || (key === 'threads' && !free));
      if (known && !free && !any) {
        throw new UsageError(
          `${flagOf(key)} is ${JSON.stringify(value)} in ${origin} but ${JSON.stringify(saved.options[key])} in ${saved.origin}; leave it out to resume, or start anew with --overwrite.`,
        );
      }
      if (!any) changes[key] = value;
    }
  }
  const config = resolveConfig(saved, {
    options: changes,
    origin: asked[0]?.origin ?? 'command line',
  });
  for (const key of Object.keys(changes)) {
    if (!mayChange(key, engine)) {
      throw new UsageError(
        `${flagOf(key)} was not set in ${saved.origin}; leave it out to resume, or start anew with --overwrite.`,
      );
    }
  }
  return config;
}

/** The first option that decides the result and differs between two configurations. */
export function firstDifference(
  a: Record<string, unknown>,
  b: Record<string, unknown>,
): string | undefined {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.find((key) => !mayChange(key, b.engine) && !same(a[key], b[key]));
}

import type { z } from 'zod';
import { UsageError } from '../cli/errors.ts';
import { defaultDistribution, defaultLearningRate, modelDefaults } from './defaults.ts';
import { modelName } from './name.ts';
import { rules } from './rules.ts';
import { flagOf, type TrainConfig, type TrainKey, trainOptions, trainSchema } from './schema.ts';
import { didYouMean } from './suggest.ts';

/** Options from one place, and how an error names that place. */
export interface OptionSource {
  options: Record<string, unknown>;
  /** `command line`, or the path of a file. */
  origin: string;
}

function show(value: unknown): string {
  // JSON has no word for NaN and infinity.
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
}

function sentence(
  issue: z.core.$ZodIssue,
  merged: Record<string, unknown>,
  sources: OptionSource[],
): string {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const origin = sources.find(({ options }) => key in options)?.origin ?? 'configuration';
    const known = trainOptions().map((option) => option.key);
    const hint = didYouMean(key, known) || '; see pleat train --help for all of them.';
    return `Unknown option "${key}" in ${origin}${hint}`;
  }
  const key = String(issue.path[0]);
  const info = trainOptions().find((option) => option.key === key);
  const value = merged[key];
  const name = flagOf(key);
  if (info?.choices) {
    const hint = typeof value === 'string' ? didYouMean(value, info.choices) : '';
    return `${name} takes one of ${info.choices.join(', ')}, found ${show(value)}${hint || '.'}`;
  }
  const message = issue.code === 'invalid_union' ? unionMessage(issue) : issue.message;
  const expected = message
    .replace(/^(Too (small|big)|Invalid input): /, '')
    .replace(/, received .*$/, '');
  return `${name}: ${expected.replace('int,', 'integer,').replace(/expected int$/, 'expected an integer')}, found ${show(value)}.`;
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const messages = issue.errors
    .flat()
    .map(({ message }) => message.replace(/^[^:]*: /, '').replace(/, received .*$/, ''));
  return [...new Set(messages)].join(' or ');
}

/** A copy without what is undefined, so that a later source does not erase an earlier one. */
function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** What to do about an option that was given and means nothing beside the others. */
type OnIdle = (key: TrainKey, needs: string) => void;

function refuseIdle(key: TrainKey, needs: string): never {
  throw new UsageError(
    `${flagOf(key)} has a meaning only with ${needs}; leave it out or change the other.`,
  );
}

/**
 * One complete, checked configuration from several sources; a later source overrides an earlier one.
 *
 * @throws UsageError for an unknown option, a value out of range, or options that exclude each other
 */
export function resolveConfig(...sources: OptionSource[]): TrainConfig {
  return resolveWith(refuseIdle, sources);
}

/**
 * The same for one run of a grid, where an option may mean nothing beside some values of another.
 *
 * @returns the configuration, and the options that were given and left out of it
 * @throws UsageError as `resolveConfig`, but for options without a meaning
 */
export function resolveApplicable(...sources: OptionSource[]): {
  config: TrainConfig;
  idle: TrainKey[];
} {
  const idle: TrainKey[] = [];
  return { config: resolveWith((key) => void idle.push(key), sources), idle };
}

function resolveWith(onIdle: OnIdle, sources: OptionSource[]): TrainConfig {
  const merged = Object.assign({}, ...sources.map(({ options }) => defined(options)));
  const parsed = trainSchema.safeParse(merged);
  if (!parsed.success) {
    throw new UsageError(sentence(parsed.error.issues[0]!, merged, sources));
  }
  const config: TrainConfig = parsed.data;
  config.distribution ??= defaultDistribution(config);
  for (const { keys, applies, needs } of rules) {
    if (applies(config)) continue;
    for (const key of keys) {
      if (key in merged) onIdle(key, needs);
      delete config[key as TrainKey];
    }
  }
  if (config.select === 'best' && config.validation === 0) {
    if ('select' in merged) {
      throw new UsageError(
        '--select best needs a validation split; give --validation a share or a count above 0.',
      );
    }
    config.select = 'last';
  }
  config.learningRate ??= defaultLearningRate(config);
  if (config.method === 'prune') config.fineTune ??= Math.ceil(config.epochs / 2);
  if (config.rewind !== undefined && config.rewind >= config.epochs) {
    throw new UsageError(
      `--rewind is ${config.rewind}, but a round has only ${config.epochs} epochs; lower it.`,
    );
  }
  if (config.method === 'integral') config.order ??= config.from ? 'tsp' : 'identity';
  if (config.from === undefined) {
    const sizes = Object.entries(modelDefaults(config.model)).filter(([key]) => !(key in merged));
    Object.assign(config, Object.fromEntries(sizes));
  }
  config.out ??= `runs/${config.dataset}-${modelName(config)}-${config.method}`;
  return config;
}

import { createHash } from 'node:crypto';
import { UsageError } from '../cli/errors.ts';
import { modelName } from '../config/name.ts';
import { resolveApplicable } from '../config/resolve.ts';
import { mayChange } from '../config/rules.ts';
import { flagOf, type TrainConfig } from '../config/schema.ts';
import type { SweepFile } from './file.ts';

type Options = Record<string, unknown>;

/** One run of a sweep. */
export interface SweepRun {
  /** Of what decides the result, so that a run keeps it whatever else the sweep holds. */
  id: string;
  /** What tells it from the others, the seed left out. */
  label: string;
  /** All options, defaults included; `out` and `data` are not among them. */
  config: TrainConfig;
}

const isMapping = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values one key of a grid takes; a list of steps of an augmentation is one value. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  if (key === 'augmentation' && value.every((item) => isMapping(item) && 'name' in item)) {
    return [value];
  }
  return value;
}

/**
 * Every combination of a grid. A value that is a mapping sets the options in it, its key is then only a name.
 *
 * @example
 * combinations({ net: [{ model: 'vit' }, { model: 'convmixer', dim: 32 }], seed: [0, 1] }).length // 4
 */
export function combinations(grid: Options): Options[] {
  let found: Options[] = [{}];
  for (const [key, value] of Object.entries(grid)) {
    const choices = valuesOf(key, value).map((choice) =>
      isMapping(choice) ? choice : { [key]: choice },
    );
    found = found.flatMap((options) => choices.map((choice) => ({ ...options, ...choice })));
  }
  return found;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function agrees(options: Options, entry: Options): boolean {
  return Object.entries(entry).every(([key, value]) =>
    valuesOf(key, value).some((choice) => same(options[key], choice)),
  );
}

/** The configuration without what each machine decides for itself (paths, threads), keys in order. */
export function identity(config: TrainConfig): Options {
  const entries = Object.entries(config).filter(([key]) => !mayChange(key, 'cpu'));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function idOf(config: TrainConfig): string {
  return createHash('sha256')
    .update(JSON.stringify(identity(config)))
    .digest('hex')
    .slice(0, 12);
}

function show(value: unknown): string {
  if (isMapping(value) || Array.isArray(value)) return JSON.stringify(value);
  return String(value);
}

/** Options whose values speak for themselves in a label. */
const selfEvident = new Set(['model', 'method', 'learner', 'strategy', 'dataset', 'optimizer']);

/** The values of some options in a few words. */
function labelOf(config: Options, keys: readonly string[]): string {
  const words = keys.flatMap((key) => {
    const value = config[key];
    if (value === undefined) return [];
    return [selfEvident.has(key) ? show(value) : `${flagOf(key).slice(2)} ${show(value)}`];
  });
  return words.join(', ');
}

/** Of the options that were asked for, those that differ between runs. */
function varyingKeys(asked: Iterable<string>, configs: readonly Options[]): string[] {
  return [...asked].filter(
    (key) => key !== 'seed' && configs.some((config) => !same(config[key], configs[0]![key])),
  );
}

/**
 * The runs a sweep asks for, each once, in the order of the file.
 *
 * @throws UsageError for a wrong option, one that means nothing in any run, or an exclusion that excludes nothing
 */
export function expandSweep(file: SweepFile, origin: string): SweepRun[] {
  const fromGrid = file.grid === undefined ? [] : combinations(file.grid);
  for (const entry of file.exclude) {
    if (!fromGrid.some((options) => agrees({ ...file.base, ...options }, entry))) {
      throw new UsageError(
        `${origin}: nothing in the grid agrees with the exclusion ${JSON.stringify(entry)}; correct or remove it.`,
      );
    }
  }
  const kept = fromGrid.filter(
    (options) => !file.exclude.some((entry) => agrees({ ...file.base, ...options }, entry)),
  );
  const asked = [...kept, ...file.include.flatMap(combinations)];
  const given = new Set<string>();
  const useful = new Set<string>();
  const runs = new Map<string, SweepRun & { asked: Options }>();
  for (const own of asked) {
    const { label, out, ...options } = { ...file.base, ...own };
    if (out !== undefined) {
      throw new UsageError(`${origin}: runs of a sweep have no "out" of their own; leave it out.`);
    }
    const { config, idle } = resolveApplicable({ options, origin });
    for (const key of Object.keys(options)) {
      given.add(key);
      if (!idle.includes(key as never)) useful.add(key);
    }
    delete config.out;
    const id = idOf(config);
    // A grid repeats itself where an option means nothing: such runs are one.
    if (!runs.has(id)) {
      runs.set(id, { id, label: label === undefined ? '' : String(label), config, asked: options });
    }
  }
  const idle = [...given].find((key) => !useful.has(key));
  if (idle !== undefined) {
    throw new UsageError(
      `${origin}: "${idle}" means nothing in any run; leave it out, or change the options it goes with.`,
    );
  }
  const all = [...runs.values()];
  if (all.length === 0) throw new UsageError(`${origin}: the exclusions leave no run.`);
  const varying = varyingKeys(
    given,
    all.map(({ config }) => config),
  );
  return all.map(({ id, label, config, asked }) => {
    const own = varying.filter((key) => key in asked);
    return {
      id,
      config,
      label: label || labelOf(config, own) || `${modelName(config)}, ${config.method}`,
    };
  });
}

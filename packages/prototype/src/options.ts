import { distributions } from './distributions.ts';
import { offsets } from './offsets.ts';
import { strategies } from './strategies/index.ts';
import type { LayerShape, PrototypeOptions, ResolvedOptions } from './types.ts';

const rescales = ['none', 'fan-in'] as const;

function refuse(what: string, expected: string, found: unknown): never {
  throw new RangeError(`planPrototype takes ${expected} as ${what}; it got ${String(found)}.`);
}

function oneOf(what: string, names: readonly string[], found: string): void {
  if (!names.includes(found)) refuse(what, `one of ${names.join(', ')}`, found);
}

/** The options with every default, or an error that says what is wrong. */
export function resolveOptions(options: PrototypeOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    strategy: options.strategy ?? 'random-vector',
    ratio: options.ratio ?? 1e-2,
    seed: options.seed ?? 0,
    distribution: options.distribution ?? 'signed-constant',
    std: options.std ?? 0.05,
    limit: options.limit ?? 0.05,
    keep: options.keep ?? 1,
    offset: options.offset ?? 'zero',
    rescale: options.rescale ?? 'none',
  };
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(resolved, name))
      refuse('options', Object.keys(resolved).join(', '), `'${name}'`);
  }
  const { strategy, ratio, seed, distribution, std, limit, keep, offset, rescale } = resolved;
  oneOf('strategy', Object.keys(strategies), strategy);
  oneOf('distribution', Object.keys(distributions), distribution);
  oneOf('offset', Object.keys(offsets), offset);
  oneOf('rescale', rescales, rescale);
  if (!(ratio > 0 && ratio <= 1)) refuse('ratio', 'a share above 0 and up to 1', ratio);
  if (!(keep > 0 && keep <= 1)) refuse('keep', 'a share above 0 and up to 1', keep);
  if (!(std > 0 && std < Infinity)) refuse('std', 'a finite number above 0', std);
  if (!(limit > 0 && limit < Infinity)) refuse('limit', 'a finite number above 0', limit);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    refuse('seed', 'a safe integer of 0 or more', seed);
  }
  return resolved;
}

/** The number of weights of a layer, or an error that says what is wrong with it. */
export function layerSize({ name, shape, fanIn }: LayerShape): number {
  if (!shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
    refuse(`the shape of layer '${name}'`, 'dimensions of 1 or more', `[${shape.join(', ')}]`);
  }
  if (!(fanIn > 0 && fanIn < Infinity)) {
    refuse(`the fan-in of layer '${name}'`, 'a finite number above 0', fanIn);
  }
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (!Number.isSafeInteger(size)) refuse(`the size of layer '${name}'`, 'a safe integer', size);
  return size;
}

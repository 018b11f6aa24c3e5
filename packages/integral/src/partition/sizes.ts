import { type Rng, rng, stream } from '@pleat/random';
import { requireCount, requireName } from '../arguments.ts';

/** How random sizes are distributed between the smallest and the largest. */
export type SizeDistribution = 'uniform' | 'half-normal';

/** Every size distribution. */
export const sizeDistributions: readonly SizeDistribution[] = ['uniform', 'half-normal'];

/** Which sizes to draw. */
export interface RandomSizeOptions {
  /** The smallest size, at least 1. */
  min: number;
  /** The largest size. */
  max: number;
  /**
   * `uniform`: every size equally likely; `half-normal`: the largest most likely, falling off like a normal distribution
   * whose two standard deviations span the range. Default `uniform`.
   */
  distribution?: SizeDistribution;
}

function draw(random: Rng, { min, max, distribution = 'uniform' }: RandomSizeOptions): number {
  if (distribution === 'uniform') return min + random.integer(max - min + 1);
  // What falls beyond the range is drawn again, so that the smallest size gathers no excess.
  for (;;) {
    const back = Math.floor(Math.abs(random.normal()) * ((max - min + 1) / 2));
    if (back <= max - min) return max - back;
  }
}

/**
 * A random size of a partition.
 * @param options Range and distribution.
 * @param seed Whole number of at least 0.
 * @param name What the size is for: a group and a step; other names give independent sizes.
 * @returns A whole number from min to max, the same for the same seed and name on every machine.
 * @throws RangeError When min is below 1 or above max.
 * @example
 * randomSize({ min: 8, max: 8 }, 1, 'step/0'); // 8
 */
export function randomSize(options: RandomSizeOptions, seed: number, name: string): number {
  const { min, max, distribution = 'uniform' } = options;
  requireCount('randomSize', 'min', min);
  requireCount('randomSize', 'max', max, min);
  requireName('randomSize', 'distribution', distribution, sizeDistributions);
  return draw(rng(stream(seed, `size/${name}`)), options);
}

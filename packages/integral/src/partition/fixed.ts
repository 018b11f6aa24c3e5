import { rng, stream } from '@pleat/random';
import { requireCount } from '../arguments.ts';
import type { Alignment } from '../interpolation/kernels.ts';
import { quadrature } from '../quadrature/registry.ts';

/**
 * Equally spaced positions.
 * @param size How many, at least 1.
 * @param alignment `cells`: (i + 1/2) / size; `corners`: i / (size - 1). Default `corners`.
 * @returns Ascending positions in [0, 1].
 * @throws RangeError When size is no whole number of at least 1.
 * @example
 * uniformPartition(3); // 0, 0.5, 1
 */
export function uniformPartition(size: number, alignment: Alignment = 'corners'): Float64Array {
  requireCount('uniformPartition', 'size', size);
  return quadrature(alignment === 'cells' ? 'midpoint' : 'trapezoid').nodes(size);
}

/** How positions are moved at random. */
export interface JitterOptions {
  /** The furthest a position moves, as a share of the distance to its neighbours: 0 to 1. Default 0.5. */
  jitter?: number;
  /** Whole number of at least 0. Default 0. */
  seed?: number;
  /** What the positions are for, such as a group and a step. Default ''. */
  name?: string;
}

/**
 * Positions moved at random towards one neighbour or the other; they stay in order and within [0, 1].
 * @param positions Ascending, in [0, 1].
 * @param options How far, and the seed.
 * @returns As many positions.
 * @throws RangeError When jitter is outside 0 to 1.
 * @example
 * jitterPartition(uniformPartition(3), { jitter: 0 }); // 0, 0.5, 1
 */
export function jitterPartition(
  positions: ArrayLike<number>,
  { jitter = 0.5, seed = 0, name = '' }: JitterOptions = {},
): Float64Array {
  if (!(jitter >= 0 && jitter <= 1)) {
    throw new RangeError(`jitterPartition: jitter must be from 0 to 1, got ${jitter}.`);
  }
  const random = rng(stream(seed, `jitter/${name}`));
  const last = positions.length - 1;
  return Float64Array.from({ length: positions.length }, (_, i) => {
    const at = positions[i]!;
    const shift = random.uniform(-0.5, 0.5) * jitter;
    // Half the way to a neighbour at most: two that move towards each other cannot pass.
    const neighbour =
      shift < 0 ? (i === 0 ? 0 : positions[i - 1]!) : i === last ? 1 : positions[i + 1]!;
    return at + Math.abs(shift) * (neighbour - at);
  });
}

/**
 * The positions of the most important channels: an integral network sampled there keeps those channels as they are.
 * @param importance One number a channel, such as the L1 norm of its filter.
 * @param size How many to keep.
 * @param alignment Where channels sit in [0, 1]. Default `corners`.
 * @returns Ascending positions; of equally important channels the earlier stays.
 * @throws RangeError When size is not from 1 to the number of channels, or an importance is NaN.
 * @example
 * selectedPartition([3, 1, 2], 2); // 0, 1
 */
export function selectedPartition(
  importance: ArrayLike<number>,
  size: number,
  alignment: Alignment = 'corners',
): Float64Array {
  const count = importance.length;
  requireCount('selectedPartition', 'size', size);
  const values = Array.from(importance);
  if (size > count || values.some(Number.isNaN)) {
    throw new RangeError(
      size > count
        ? `selectedPartition: ${size} channels asked for, there are ${count}.`
        : 'selectedPartition: an importance is NaN.',
    );
  }
  const ranked = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
  const all = uniformPartition(count, alignment);
  return Float64Array.from(
    ranked.slice(0, size).sort((a, b) => a - b),
    (channel) => all[channel]!,
  );
}

/** One part of a composite partition. */
export interface PartitionPart {
  /** Its own positions in [0, 1]. */
  positions: ArrayLike<number>;
  /** Its share of the whole, in any unit: the number of channels it stands for. */
  extent: number;
}

/**
 * The partition of concatenated channels: each part's own, one after the other.
 * @param parts At least one; extents are positive.
 * @returns Positions in [0, 1], ascending: part k covers its extent's share of the interval.
 * @throws RangeError When there is no part, or an extent is not positive.
 * @example
 * compositePartition([{ positions: [0.5], extent: 1 }, { positions: [0, 1], extent: 3 }]); // 0.125, 0.25, 1
 */
export function compositePartition(parts: readonly PartitionPart[]): Float64Array {
  const total = parts.reduce((sum, { extent }) => sum + extent, 0);
  if (parts.length === 0 || !parts.every(({ extent }) => extent > 0 && extent < Infinity)) {
    throw new RangeError(
      'compositePartition: expected at least one part, each of positive extent.',
    );
  }
  let before = 0;
  const out: number[] = [];
  for (const { positions, extent } of parts) {
    for (let i = 0; i < positions.length; i++) out.push((before + positions[i]! * extent) / total);
    before += extent;
  }
  return Float64Array.from(out);
}

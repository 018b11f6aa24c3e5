import { permutation, stream } from '@pleat/random';
import { DatasetError } from './errors.ts';
import { pixels } from './memory.ts';
import type { Dataset, LoadOptions, RawDataset, Split } from './types.ts';

type HeldOut = Pick<LoadOptions, 'validation' | 'holdOut' | 'seed'>;

/** Holds out the validation split and adds the training split's statistics. */
export function assemble(
  name: string,
  raw: RawDataset,
  { validation = 0.1, holdOut = 'drawn', seed = 0 }: HeldOut,
): Dataset {
  const [height, width, channels] = raw.shape;
  if (!['drawn', 'last'].includes(holdOut)) {
    throw new DatasetError(
      'bad-option',
      `loadDataset: expected holdOut to be 'drawn' or 'last', found ${JSON.stringify(holdOut)}; correct this option.`,
    );
  }
  const { labels, length } = raw.train;
  const count = heldCount(validation, length);
  const isHeld =
    holdOut === 'last'
      ? lastImages(length, count)
      : drawnImages(labels, raw.classes.length, count, seed);
  const size = height * width * channels;
  const train = count === 0 ? raw.train : take(raw.train, size, isHeld, false);
  return {
    name,
    classes: [...raw.classes],
    shape: [height, width, channels],
    train,
    validation: take(raw.train, size, isHeld, true),
    test: raw.test,
    ...channelStatistics(train.images, channels),
  };
}

/** How many of `n` images to hold out. */
function heldCount(validation: number, n: number): number {
  const count = validation < 1 ? Math.round(validation * n) : validation;
  if (!(Number.isInteger(count) && validation >= 0 && count < n)) {
    throw new DatasetError(
      'bad-option',
      `loadDataset: expected validation to be a share below 1 or a count below ${n}, found ${validation}; hold out fewer images.`,
    );
  }
  return count;
}

function lastImages(n: number, count: number): Uint8Array {
  return new Uint8Array(n).fill(1, n - count);
}

/** Marks images drawn by seed, each class in its share (largest remainders first). */
function drawnImages(
  labels: Split['labels'],
  classes: number,
  count: number,
  seed: number,
): Uint8Array {
  const n = labels.length;
  const isHeld = new Uint8Array(n);
  if (count === 0) return isHeld;
  const sizes = new Array<number>(classes).fill(0);
  for (const label of labels) sizes[label]!++;
  const exact = sizes.map((size) => (size * count) / n);
  const quota = exact.map(Math.floor);
  let left = count - quota.reduce((sum, q) => sum + q, 0);
  // In a drawn order, so that of equal remainders not always the first classes gain.
  const classOrder = permutation(stream(seed, 'datasets/validation/classes'), classes);
  const byRemainder = Array.from(classOrder, (c) => ({ c, rest: exact[c]! - quota[c]! }));
  byRemainder.sort((a, b) => b.rest - a.rest);
  for (const { c } of byRemainder) if (left-- > 0) quota[c]!++;
  for (const i of permutation(stream(seed, 'datasets/validation'), n)) {
    if (quota[labels[i]!]!-- > 0) isHeld[i] = 1;
  }
  return isHeld;
}

function take(from: Split, size: number, isHeld: Uint8Array, held: boolean): Split {
  const wanted = held ? 1 : 0;
  const chosen: number[] = [];
  for (let i = 0; i < from.length; i++) if (isHeld[i] === wanted) chosen.push(i);
  const images = pixels(chosen.length * size);
  chosen.forEach((i, at) => {
    images.set(from.images.subarray(i * size, (i + 1) * size), at * size);
  });
  const labels = from.labels.slice(0, chosen.length).map((_, at) => from.labels[chosen[at]!]!);
  return { images, labels, length: chosen.length };
}

/** Exact: sums over the counts of the 256 values. */
function channelStatistics(
  images: Uint8Array,
  channels: number,
): { mean: number[]; std: number[] } {
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let i = 0; i < images.length; i += channels) {
    for (let c = 0; c < channels; c++) counts[c]![images[i + c]!]!++;
  }
  const n = images.length / channels;
  const moments = counts.map((count) => {
    const mean = count.reduce((sum, times, value) => sum + times * value, 0) / n;
    const variance = count.reduce((sum, times, value) => sum + times * (value - mean) ** 2, 0) / n;
    return { mean: mean / 255, std: Math.sqrt(variance) / 255 };
  });
  return { mean: moments.map(({ mean }) => mean), std: moments.map(({ std }) => std) };
}

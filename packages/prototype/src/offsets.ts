import { rng, stream } from '@pleat/random';
import type { OffsetRule } from './types.ts';

/** A layer that reads a shared prototype. */
interface Reader {
  /** Index of the layer. */
  index: number;
  /** How many weights the readers before it fill. */
  filled: number;
  /** Length of the prototype. */
  length: number;
  seed: number;
}

/** Where a reader of a shared prototype begins, by the name of the rule. */
export const offsets: Readonly<Record<OffsetRule, (reader: Reader) => number>> = {
  zero: () => 0,
  running: ({ filled, length }) => filled % length,
  hashed: ({ index, length, seed }) =>
    rng(stream(seed, `prototype/offset/${index}`)).integer(length),
};

import type { Split } from '../types.ts';
import { type Batches, iterate } from './iterate.ts';
import type { BatchOptions } from './plan.ts';

/** `batches` as in Node, but always on the calling thread, in short slices; `workers` is taken and ignored. */
export function batches(split: Split, options: BatchOptions): Batches {
  return iterate(split, options, null);
}

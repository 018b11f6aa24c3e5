import { codeLength } from './code-length.ts';
import { Contexts, type Run } from './contexts.ts';
import type { Geometry } from './geometry.ts';
import { order0 } from './model.ts';

const sampleSize = 2 ** 15;

/** A mask behind `margin` zeros, and the evenly spaced runs of it that models are judged by. */
export interface Sample {
  padded: Uint8Array;
  margin: number;
  geometry: Geometry;
  runs: Run[];
  /** How many weights of the mask each weight of the runs stands for. */
  scale: number;
}

/** Takes runs with about 32,768 weights out of a mask. */
export function sampleOf(padded: Uint8Array, margin: number, geometry: Geometry): Sample {
  const contexts = new Contexts(order0, geometry);
  const wanted = Math.ceil(contexts.runs * Math.min(1, sampleSize / geometry.size));
  const runs = Array.from({ length: wanted }, (_, i) =>
    contexts.run(Math.floor((i * contexts.runs) / wanted)),
  );
  const size = runs.reduce((sum, run) => sum + run.length, 0);
  return { padded, margin, geometry, runs, scale: geometry.size / size };
}

/**
 * The bits that pairs of zeros and ones in a sample foretell for the whole mask, each pair coded by itself.
 *
 * Odds fitted to a sample fit the rest less well: by one nat for each pair, over a stretch as long as the sample (Akaike 1974).
 */
export function totalLength(counts: ArrayLike<number>, scale: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i += 2) {
    if (counts[i]! + counts[i + 1]! > 0) {
      sum += codeLength(Math.round(counts[i]! * scale), Math.round(counts[i + 1]! * scale));
      sum += (scale - 1) * Math.LOG2E;
    }
  }
  return sum;
}

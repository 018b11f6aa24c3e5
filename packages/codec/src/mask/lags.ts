import type { Contexts } from './contexts.ts';
import type { Geometry } from './geometry.ts';
import { type Sample, totalLength } from './sample.ts';

const mostGroups = 8;
const mostChosen = 6;

/** Distances at which bits may well depend on each other: neighbouring filters, inputs, taps, and lines of taps. */
export function candidateLags({ size, taps, tapsInLine, inputs, filters }: Geometry): number[] {
  const input = inputs * taps > 1 ? [filters, filters - 1, filters + 1, 2 * filters] : [];
  const tap = inputs * filters;
  const tapwise = taps > 1 ? [tap, 2 * tap, tapsInLine * tap] : [];
  return [...new Set([1, 2, 3, ...input, ...tapwise])].filter((lag) => lag > 0 && lag < size);
}

/** Puts contexts of similar density into at most eight groups, so that few enough are left to combine with lags. */
function groupByDensity(counts: Float64Array): Uint8Array {
  const order = Array.from({ length: counts.length / 2 }, (_, context) => {
    const [zeros, ones] = [counts[2 * context]!, counts[2 * context + 1]!];
    return { context, total: zeros + ones, density: ones / (zeros + ones || 1) };
  }).sort((a, b) => a.density - b.density || a.context - b.context);
  const all = order.reduce((sum, { total }) => sum + total, 0);
  const groups = new Uint8Array(order.length);
  let passed = 0;
  for (const { context, total } of order) {
    groups[context] = Math.min(mostGroups - 1, Math.floor((mostGroups * passed) / (all || 1)));
    passed += total;
  }
  return groups;
}

/** Counts bits under every combination of a group and the bits at all candidate lags. */
function countCells(
  sample: Sample,
  base: Contexts,
  groups: Uint8Array,
  lags: readonly number[],
): Uint32Array {
  const { padded, margin } = sample;
  const counts = new Uint32Array(2 * mostGroups * 2 ** lags.length);
  const cells = new Uint16Array(base.current.length);
  for (const run of sample.runs) {
    const at = margin + run.start;
    base.fill(padded, at, run);
    base.addNear(padded, at, run);
    for (let i = 0; i < run.length; i++) cells[i] = groups[base.current[i]!]!;
    for (const lag of lags) {
      for (let i = 0; i < run.length; i++) cells[i] = (cells[i]! << 1) | padded[at - lag + i]!;
    }
    for (let i = 0; i < run.length; i++) counts[(cells[i]! << 1) | padded[at + i]!]!++;
  }
  return counts;
}

/**
 * Chooses lags one by one, each time the one that shortens the mask most given those before.
 *
 * @param sample the part of the mask to judge by
 * @param base contexts that are to be refined
 * @param baseCounts zeros and ones of each of them
 * @returns the chosen lags, the best first; none when none helps
 */
export function chooseLags(
  sample: Sample,
  base: Contexts,
  baseCounts: Float64Array,
  lags: readonly number[],
): number[] {
  const counts = countCells(sample, base, groupByDensity(baseCounts), lags);
  const cells: number[] = [];
  for (let cell = 0; 2 * cell < counts.length; cell++) {
    if (counts[2 * cell]! + counts[2 * cell + 1]! > 0) cells.push(cell);
  }
  // What each cell's context is so far: its group, then the bits at the chosen lags.
  let context: Uint32Array = Uint32Array.from(cells, (cell) => cell >>> lags.length);
  let contexts = mostGroups;
  const refine = (k: number): Uint32Array =>
    context.map((value, i) => 2 * value + ((cells[i]! >>> (lags.length - 1 - k)) & 1));
  const lengthOf = (refined: Uint32Array, count: number): number => {
    const sums = new Float64Array(2 * count);
    for (let i = 0; i < cells.length; i++) {
      sums[2 * refined[i]!]! += counts[2 * cells[i]!]!;
      sums[2 * refined[i]! + 1]! += counts[2 * cells[i]! + 1]!;
    }
    return totalLength(sums, sample.scale);
  };
  let length = lengthOf(context, contexts);
  const chosen: number[] = [];
  while (chosen.length < Math.min(mostChosen, lags.length)) {
    let best = { k: -1, length: length * 0.999 - 24 };
    for (let k = 0; k < lags.length; k++) {
      if (chosen.includes(k)) continue;
      const next = lengthOf(refine(k), 2 * contexts);
      if (next < best.length) best = { k, length: next };
    }
    if (best.k < 0) break;
    context = refine(best.k);
    contexts *= 2;
    length = best.length;
    chosen.push(best.k);
  }
  return chosen.map((k) => lags[k]!);
}

import { codeLength, log2 } from './code-length.ts';
import type { Geometry } from './geometry.ts';
import type { ClassMap } from './model.ts';

const bins = 16;
/** What a class costs beside its members: a few bits until its odds and its place in the map are learned. */
const bitsOfClass = 6;

/** Zeros and ones of each index of an axis. */
export interface Tally {
  zeros: Uint32Array;
  ones: Uint32Array;
}

/** Counts zeros and ones of each filter and each row of a mask. */
export function tallies(
  bits: Uint8Array,
  { rows, filters, taps, inputs }: Geometry,
): Record<ClassMap['axis'], Tally> {
  const ofFilter = new Uint32Array(filters);
  const ofRow = new Uint32Array(rows);
  for (let row = 0, i = 0; row < rows; row++) {
    let sum = 0;
    for (let filter = 0; filter < filters; filter++, i++) {
      const bit = bits[i]!;
      sum += bit;
      ofFilter[filter]! += bit;
    }
    ofRow[row] = sum;
  }
  const ofTap = new Uint32Array(taps);
  const ofInput = new Uint32Array(inputs);
  ofRow.forEach((ones, row) => {
    ofTap[Math.floor(row / inputs)]! += ones;
    ofInput[row % inputs]! += ones;
  });
  const tally = (ones: Uint32Array): Tally => {
    const each = (rows * filters) / ones.length;
    return { ones, zeros: ones.map((count) => each - count) };
  };
  return {
    taps: tally(ofTap),
    inputs: tally(ofInput),
    filters: tally(ofFilter),
    rows: tally(ofRow),
  };
}

function bitsOfMap({ classes, count }: ClassMap): number {
  const members = new Float64Array(count);
  for (const value of classes) members[value]!++;
  return members.reduce((sum, m) => sum + m * (log2(classes.length) - log2(m)) + bitsOfClass, 0);
}

/**
 * Groups the indexes of an axis by density so that mask and map together get shortest.
 *
 * Densities fall into 16 bins, and dynamic programming joins neighbouring bins into classes.
 *
 * @returns the map, the bits it saves after paying for itself and the bits it takes; or null when one class for all is best
 */
export function fitClasses(
  axis: ClassMap['axis'],
  { zeros, ones }: Tally,
): { map: ClassMap; saved: number; bits: number } | null {
  const size = ones.length;
  if (size < 2) return null;
  // Equal steps of sqrt(p) - sqrt(1 - p) are about equally easy to tell apart at every density p.
  const place = new Float64Array(size);
  let low = 2;
  let high = -2;
  for (let i = 0; i < size; i++) {
    const p = (ones[i]! + 0.5) / (ones[i]! + zeros[i]! + 1);
    const value = Math.sqrt(p) - Math.sqrt(1 - p);
    place[i] = value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high <= low) return null;
  const binOf = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    binOf[i] = Math.min(bins - 1, Math.floor(((place[i]! - low) / (high - low)) * bins));
  }
  // Sums over the bins before each bin.
  const before = Array.from({ length: bins + 1 }, () => ({ zeros: 0, ones: 0, members: 0 }));
  for (let i = 0; i < size; i++) {
    const bin = before[binOf[i]! + 1]!;
    bin.zeros += zeros[i]!;
    bin.ones += ones[i]!;
    bin.members++;
  }
  for (let bin = 1; bin <= bins; bin++) {
    before[bin]!.zeros += before[bin - 1]!.zeros;
    before[bin]!.ones += before[bin - 1]!.ones;
    before[bin]!.members += before[bin - 1]!.members;
  }
  const best = [0];
  const from = [0];
  for (let end = 1; end <= bins; end++) {
    best[end] = Number.POSITIVE_INFINITY;
    for (let start = 0; start < end; start++) {
      const members = before[end]!.members - before[start]!.members;
      const cost =
        codeLength(
          before[end]!.zeros - before[start]!.zeros,
          before[end]!.ones - before[start]!.ones,
        ) + (members > 0 ? members * (log2(size) - log2(members)) + bitsOfClass : 0);
      if (best[start]! + cost < best[end]!) {
        best[end] = best[start]! + cost;
        from[end] = start;
      }
    }
  }
  const classOfBin = new Uint8Array(bins);
  const ends: number[] = [];
  for (let end = bins; end > 0; end = from[end]!) ends.unshift(end);
  ends.forEach((end, i) => {
    classOfBin.fill(i, from[end]!, end);
  });
  const saved = codeLength(before[bins]!.zeros, before[bins]!.ones) - best[bins]!;
  if (ends.length < 2 || saved <= 0) return null;
  const map = { axis, classes: binOf.map((bin) => classOfBin[bin]!), count: ends.length };
  return { map, saved, bits: bitsOfMap(map) };
}

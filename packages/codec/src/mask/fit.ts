import { fitClasses, tallies } from './classes.ts';
import { codeLength } from './code-length.ts';
import { Contexts } from './contexts.ts';
import type { Geometry } from './geometry.ts';
import { candidateLags, chooseLags } from './lags.ts';
import { axes, fits, type Hints, type MaskModel, order0 } from './model.ts';
import { findReferences } from './references.ts';
import { type Sample, sampleOf, totalLength } from './sample.ts';

/** A model, the zeros and ones under each of its contexts, and the bits that mask and model are estimated to take. */
interface Fitted {
  model: MaskModel;
  counts: Float64Array;
  length: number;
}

function measure(sample: Sample, model: MaskModel, described: number): Fitted {
  const { padded, margin } = sample;
  const contexts = new Contexts(model, sample.geometry);
  const counts = new Float64Array(2 * contexts.count);
  const { current } = contexts;
  for (const run of sample.runs) {
    const at = margin + run.start;
    contexts.fill(padded, at, run);
    contexts.addNear(padded, at, run);
    for (let i = 0; i < run.length; i++) counts[2 * current[i]! + padded[at + i]!]!++;
  }
  return { model, counts, length: totalLength(counts, sample.scale) + described };
}

const smallestPart = 8;

/** Parts that a model may have, each with the bits its description takes, the most promising first. */
function candidateParts(
  bits: Uint8Array,
  geometry: Geometry,
  tally: ReturnType<typeof tallies>,
  hints: Hints | null,
): [Partial<MaskModel>, number][] {
  // With a single tap the rows are the inputs; and a map of tiny parts would tell as much as the mask.
  const usable = axes.filter(
    (axis) =>
      (axis !== 'rows' || geometry.taps > 1) && geometry.size >= smallestPart * geometry[axis],
  );
  const maps = usable
    .map((axis) => fitClasses(axis, tally[axis]))
    .filter((fitted) => fitted !== null)
    .sort((a, b) => b.saved - a.saved);
  const parts: [Partial<MaskModel>, number][] = hints ? [[{ hints }, 0]] : [];
  for (const { map, bits } of maps) parts.push([{ maps: [map] }, bits]);
  const references = findReferences(bits, geometry);
  if (references) {
    const bits = references.reduce((sum, d, i) => sum + 1 + (d ? 32 - Math.clz32(i) : 0), 16);
    parts.push([{ references }, bits]);
  }
  return parts;
}

/**
 * Looks for the model under which a mask gets shortest: first density classes and references, then lags on top of them.
 *
 * @param padded the mask behind `margin` zeros, as many as the longest candidate lag
 * @param hints a class of each weight that the decoder will know too, taken when it helps
 * @returns the best found, which is `order0` when nothing helps; its estimated length and the exact one of `order0`, in bits
 */
export function fitModel(
  padded: Uint8Array,
  margin: number,
  geometry: Geometry,
  hints: Hints | null,
): { model: MaskModel; length: number; order0Length: number } {
  const bits = padded.subarray(margin);
  const tally = tallies(bits, geometry);
  const ones = tally.rows.ones.reduce((sum, count) => sum + count, 0);
  const order0Length = codeLength(geometry.size - ones, ones);
  const sample = sampleOf(padded, margin, geometry);
  let described = 0;
  let best = measure(sample, order0, 0);
  for (const [part, cost] of candidateParts(bits, geometry, tally, hints)) {
    const maps = [...best.model.maps, ...(part.maps ?? [])];
    maps.sort((a, b) => axes.indexOf(a.axis) - axes.indexOf(b.axis));
    const model = { ...best.model, ...part, maps };
    if (!fits(model)) continue;
    const next = measure(sample, model, described + cost);
    if (next.length < best.length) {
      best = next;
      described += cost;
    }
  }
  const base = new Contexts(best.model, geometry);
  const lags = chooseLags(sample, base, best.counts, candidateLags(geometry));
  for (const [model, bits] of [
    [best.model, described],
    [order0, 0],
  ] as const) {
    const refined = { ...model, lags };
    if (lags.length === 0 || !fits(refined)) continue;
    const next = measure(sample, refined, bits + 24 * lags.length);
    if (next.length < best.length) best = next;
  }
  return { model: best.model, length: best.length, order0Length };
}

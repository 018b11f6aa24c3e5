import { stream } from '@pleat/random';
import { distributions } from './distributions.ts';
import type { LayerFill, PrototypePlan, PrototypeSource } from './types.ts';

// A block this long stays in the first-level cache while it is copied through a layer.
const copied = 4096;

/**
 * Draws the values of a prototype, as a file stores them that keeps values and not a seed.
 *
 * @param source what to draw
 * @returns float32 values [length]
 *
 * @example
 * drawSource(planPrototype([{ name: 'dense', shape: [100, 10], fanIn: 100 }]).sources[0]).length; // 11
 */
export function drawSource(source: PrototypeSource): Float32Array {
  const values = new Float32Array(source.length);
  distributions[source.distribution].draw(
    stream(source.seed, source.stream),
    values,
    source.scale,
    0,
  );
  return values;
}

/**
 * Builds the values of one layer.
 *
 * @param fill the layer's entry in a plan, or a copy of it that went through JSON
 * @param values values of the source [source.length]; drawn from its seed by default
 * @returns float32 values [size]: value (offset + i) mod length of the source, times scale
 * @throws RangeError when the fill contradicts itself or `values` has another length than the source
 *
 * @example
 * const [fill] = planPrototype([{ name: 'dense', shape: [2, 2], fanIn: 2 }], { ratio: 1 }).fills;
 * fillLayer(fill).map(Math.abs); // 1, 1, 1, 1
 */
export function fillLayer(fill: LayerFill, values?: Float32Array): Float32Array {
  check(fill, values);
  const { size, source, offset, scale } = fill;
  const { length } = source;
  const out = new Float32Array(size);
  const period = Math.min(length, size);
  const first = Math.min(length - offset, period);
  // The first period: from `offset` to the source's end, then from its start.
  if (values) {
    out.set(values.subarray(offset, offset + first));
    out.set(values.subarray(0, period - first), first);
  } else {
    const { draw } = distributions[source.distribution];
    const from = stream(source.seed, source.stream);
    draw(from, out.subarray(0, first), source.scale, offset);
    draw(from, out.subarray(first, period), source.scale, 0);
  }
  if (scale !== 1) for (let i = 0; i < period; i++) out[i]! *= scale;

  let block = period;
  while (block < copied && block < size) {
    out.copyWithin(block, 0, Math.min(block, size - block));
    block *= 2;
  }
  for (let at = block; at < size; at += block) {
    out.copyWithin(at, 0, Math.min(block, size - at));
  }
  return out;
}

/**
 * Builds the values of every layer of a plan; a shared prototype is drawn once.
 *
 * @param plan what planPrototype returned
 * @returns one array a layer, in the order of the layers; no two share memory
 *
 * @example
 * materialize(planPrototype([{ name: 'dense', shape: [100, 10], fanIn: 100 }]))[0].length; // 1000
 */
export function materialize(plan: PrototypePlan): Float32Array[] {
  const readers = new Map<PrototypeSource, number>();
  for (const { source } of plan.fills) readers.set(source, (readers.get(source) ?? 0) + 1);
  const drawn = new Map<PrototypeSource, Float32Array>();
  return plan.fills.map((fill) => {
    const { source } = fill;
    // A prototype of one reader is drawn straight into its layer.
    if (readers.get(source) === 1) return fillLayer(fill);
    let values = drawn.get(source);
    if (!values) {
      values = drawSource(source);
      drawn.set(source, values);
    }
    return fillLayer(fill, values);
  });
}

// A fill may come from a file that somebody else wrote.
function check(
  { layer, shape, size, source, offset, scale }: LayerFill,
  values?: Float32Array,
): void {
  const product = shape.reduce((all, dimension) => all * dimension, 1);
  const index = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  let wrong = '';
  if (size !== product || !index(size)) wrong = `size ${size} for shape [${shape.join(', ')}]`;
  else if (!index(source.length) || source.length === 0)
    wrong = `a source of length ${source.length}`;
  else if (!Number.isFinite(source.scale)) wrong = `a source of scale ${source.scale}`;
  else if (!Object.hasOwn(distributions, source.distribution))
    wrong = `distribution '${source.distribution}'`;
  else if (!index(offset) || offset >= source.length)
    wrong = `offset ${offset} into ${source.length} values`;
  else if (!Number.isFinite(scale)) wrong = `scale ${scale}`;
  else if (values && values.length !== source.length)
    wrong = `${values.length} values for a source of ${source.length}`;
  if (wrong) {
    throw new RangeError(
      `fillLayer cannot fill layer '${layer}': it got ${wrong}. Pass an entry of planPrototype(...).fills unchanged.`,
    );
  }
}

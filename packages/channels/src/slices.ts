import { layerPlaces } from '@pleat/ops';
import type { Slices } from '@pleat/tsp';
import type * as tf from '@tensorflow/tfjs';
import { channelGraph } from './graph.ts';
import type { GroupOrId } from './operations.ts';
import type { ChannelGroup, ChannelSlot, SlotRole } from './types.ts';

/** What a number of the group's tensors counts in the distance of two channels. */
export type SliceWeighting = 'per-tensor' | 'per-weight';

/** The weights of a group's channels, one row a channel, tensor by tensor. */
export interface ChannelSlices {
  /** `{ data, shape: [size, numbers], axis: 0 }` for each slot: the form `distanceMatrix` of `@pleat/tsp` takes. */
  slices: Slices[];
  /** The factor of each slot. */
  weights: number[];
  slots: ChannelSlot[];
}

/** Which slots are taken, and how they are weighed. */
export interface SliceOptions {
  /**
   * `per-tensor`: every kernel has the same say, 1 / (its numbers that are the group's); each of the few numbers of
   * biases, norms and slopes counts as much as a number of the kernels does on average, not as much as a whole kernel.
   * `per-weight`: every number counts 1. Default `per-tensor`.
   */
  weighting?: SliceWeighting;
  /** Only slots of these roles; default all. `['output']` compares filters alone. */
  roles?: readonly SlotRole[];
}

const kernels: readonly SlotRole[] = ['output', 'input', 'depthwise'];

/** Row c holds all numbers at the positions of channel c. */
function rows(
  values: Float32Array,
  shape: readonly number[],
  slot: ChannelSlot,
  size: number,
): Slices {
  const { axis, each, positions } = slot;
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const length = shape[axis] as number;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const width = outer * each * inner;
  const data = new Float32Array(size * width);
  let to = 0;
  for (let c = 0; c < size; c++) {
    for (let k = 0; k < each; k++) {
      const position = positions[c * each + k] as number;
      for (let o = 0; o < outer; o++) {
        const from = (o * length + position) * inner;
        if (inner === 1) data[to] = values[from] as number;
        else data.set(values.subarray(from, from + inner), to);
        to += inner;
      }
    }
  }
  return { data, shape: [size, width], axis: 0 };
}

function weigh(
  slices: readonly Slices[],
  slots: readonly ChannelSlot[],
  weighting: SliceWeighting,
): number[] {
  if (weighting === 'per-weight') return slices.map(() => 1);
  const isKernel = slots.map(({ role }) => kernels.includes(role));
  const count = isKernel.filter(Boolean).length;
  const numbers = slices.reduce((sum, { data }, i) => sum + (isKernel[i] ? data.length : 0), 0);
  const all = slices.reduce((sum, { data }) => sum + data.length, 0);
  const mean = count === 0 ? 1 / Math.max(1, all) : count / Math.max(1, numbers);
  return slices.map(({ data }, i) => (isKernel[i] ? 1 / Math.max(1, data.length) : mean));
}

/**
 * Takes the weights of a group's channels out of a model: for distances between them.
 *
 * Only the group's own positions are taken: behind a concatenation or a flatten, those of its channels.
 *
 * @param model Any built LayersModel.
 * @param group A group of its graph, or its id.
 * @param options Weighting and roles; see `SliceOptions`.
 * @returns One slice a slot, with factors; an empty list where the group has no such slot.
 * @throws RangeError When the group is unknown.
 * @example
 * const { slices, weights } = channelSlices(model, 'conv');
 * solve(distanceMatrix(slices, weights)).order; // of '@pleat/tsp'
 */
export function channelSlices(
  model: tf.LayersModel,
  group: GroupOrId | ChannelGroup,
  options: SliceOptions = {},
): ChannelSlices {
  const { weighting = 'per-tensor', roles } = options;
  if (weighting !== 'per-tensor' && weighting !== 'per-weight') {
    throw new RangeError(
      `channelSlices: weighting must be 'per-tensor' or 'per-weight', found ${JSON.stringify(weighting)}.`,
    );
  }
  const whole = typeof group === 'object' && 'slots' in group ? group : find(model, group);
  const slots = whole.slots.filter(({ role }) => roles?.includes(role) ?? true);
  const layers = new Map(layerPlaces(model).map(({ path, layer }) => [path, layer]));
  const slices = slots.map((slot) => {
    const weight = layers.get(slot.layer)?.weights[slot.weightIndex];
    if (weight === undefined) {
      throw new RangeError(`channelSlices: the model has no weight ${slot.layer}.${slot.weight}.`);
    }
    return rows(weight.read().dataSync<'float32'>(), weight.shape as number[], slot, whole.size);
  });
  return { slices, weights: weigh(slices, slots, weighting), slots };
}

function find(model: tf.LayersModel, group: GroupOrId): ChannelGroup {
  const id = typeof group === 'string' ? group : group.id;
  const { groups } = channelGraph(model);
  const found = groups.find((each) => each.id === id);
  if (found !== undefined) return found;
  throw new RangeError(
    `channelSlices: the model has no channel group '${id}'; it has ${groups.map((each) => each.id).join(', ')}.`,
  );
}

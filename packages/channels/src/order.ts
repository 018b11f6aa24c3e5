import { onlyOptions } from '@pleat/ops';
import { permutation, stream } from '@pleat/random';
import {
  distanceMatrix,
  type Slices,
  type SolveOptions,
  type SquareMatrix,
  solve,
} from '@pleat/tsp';
import * as tf from '@tensorflow/tfjs';
import { analyse } from './graph.ts';
import { permuteChannels } from './operations.ts';
import { channelSlices, type SliceOptions } from './slices.ts';
import type { ChannelGroup } from './types.ts';

/** How channels are ordered. */
export interface OrderOptions extends SliceOptions {
  /** `tsp`: a shortest open path, as short as the search finds. `random`: a control. Default `tsp`. */
  method?: 'tsp' | 'random';
  /** Only these groups; default all that are not fixed and have three channels or more. */
  groups?: readonly string[];
  /** Seed of the search, or of the random orders. Default 0. */
  seed?: number;
  /** Kicks a group and seconds a group; as in `solve` of `@pleat/tsp`. */
  kicks?: SolveOptions['kicks'];
  timeLimit?: SolveOptions['timeLimit'];
  /** What is compared, in the place of the weights: rows of feature maps, say. Weighed as `distanceMatrix` does by default. */
  slices?: (group: ChannelGroup) => readonly Slices[];
  /** Called before each group. */
  onProgress?: (progress: { group: string; done: number; of: number }) => void;
}

/** The order found for one group. */
export interface GroupOrder {
  id: string;
  size: number;
  /** `order[j]` is the channel that comes to place j. */
  order: number[];
  /** Total variation along the channels as they are, and in the new order: the weighted L1 distances of neighbours, summed. */
  before: number;
  after: number;
  /** No order has a smaller variation; null for random orders, which prove nothing. */
  lowerBound: number | null;
}

/** Orders of groups, with the variation of all of them together. */
export interface ChannelOrders {
  /** What `permuteChannels` takes. */
  orders: Record<string, number[]>;
  groups: GroupOrder[];
  before: number;
  after: number;
}

const optionNames = [
  'method',
  'groups',
  'seed',
  'kicks',
  'timeLimit',
  'slices',
  'onProgress',
  'weighting',
  'roles',
] as const satisfies (keyof OrderOptions)[];

/** Length of the path through a matrix in this order. */
function pathLength({ n, data }: SquareMatrix, order: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 1; i < order.length; i++) {
    sum += data[(order[i - 1] as number) * n + (order[i] as number)] as number;
  }
  return sum;
}

function orderGroup(model: tf.LayersModel, group: ChannelGroup, options: OrderOptions): GroupOrder {
  const { method = 'tsp', seed = 0, kicks, timeLimit, slices: given } = options;
  const { id, size } = group;
  const own = given === undefined ? channelSlices(model, group, options) : null;
  const matrix = distanceMatrix(own?.slices ?? given?.(group) ?? [], own?.weights);
  if (matrix.n !== size) {
    throw new RangeError(
      `orderChannels: slices of '${id}' must have a row for each of its ${size} channels; found ${matrix.n}.`,
    );
  }
  if (method === 'random') {
    const order = [...permutation(stream(seed, `order ${id}`), size)];
    const identity = order.map((_, i) => i);
    const [before, after] = [pathLength(matrix, identity), pathLength(matrix, order)];
    return { id, size, order, before, after, lowerBound: null };
  }
  const result = solve(matrix, {
    seed,
    ...(kicks !== undefined && { kicks }),
    ...(timeLimit !== undefined && { timeLimit }),
  });
  const { identityLength: before, length: after, lowerBound } = result;
  return { id, size, order: [...result.order], before, after, lowerBound };
}

/**
 * Finds for each group an order in which neighbours are alike: a shortest open path, so that weights vary least along
 * the channels (Solodskikh et al. 2023, "Integral neural networks", section 4.1).
 *
 * Groups do not disturb one another: an L1 distance is the same in whatever order the other axes lie. Only heads are
 * compared after the dims within them are ordered.
 *
 * @param model Any built LayersModel; it is not changed.
 * @param options Method, groups, weighting, seed and budget; see `OrderOptions`.
 * @returns Orders for `permuteChannels`, with the variation before and after.
 * @throws RangeError When an option or a group is unknown, or a weight is not finite.
 * @example
 * const { orders, before, after } = orderChannels(model, { seed: 1 });
 * const ordered = permuteChannels(model, orders); // computes the same; after <= before
 */
export function orderChannels(model: tf.LayersModel, options: OrderOptions = {}): ChannelOrders {
  onlyOptions('orderChannels', options, optionNames);
  const { method = 'tsp', onProgress } = options;
  if (method !== 'tsp' && method !== 'random') {
    throw new RangeError(
      `orderChannels: method must be 'tsp' or 'random', found ${JSON.stringify(method)}.`,
    );
  }
  const { graph, divisions } = analyse('orderChannels', model);
  const byId = new Map(graph.groups.map((group) => [group.id, group]));
  const asked = options.groups?.map((id) => {
    const group = byId.get(id);
    if (group !== undefined && group.fixed === undefined) return group;
    const state = group === undefined ? 'unknown' : `fixed: ${group.fixed}`;
    throw new RangeError(`orderChannels: channel group '${id}' is ${state}.`);
  });
  const wanted = (asked ?? graph.groups).filter(
    ({ fixed, size, slots }) => fixed === undefined && size > 2 && slots.length > 0,
  );
  const finer = (group: ChannelGroup) => group.slots.some((slot) => (divisions.get(slot) ?? 0) > 0);
  const found: GroupOrder[] = [];
  let current = model;
  for (const stage of [wanted.filter(finer), wanted.filter((group) => !finer(group))]) {
    for (const group of stage) {
      onProgress?.({ group: group.id, done: found.length, of: wanted.length });
      found.push(orderGroup(current, group, options));
    }
    if (stage.length > 0 && stage.length < wanted.length && current === model) {
      current = permuteChannels(
        model,
        Object.fromEntries(found.map(({ id, order }) => [id, order])),
      );
    }
  }
  if (current !== model) tf.dispose(current.weights.map((weight) => weight.read()));
  return {
    orders: Object.fromEntries(found.map(({ id, order }) => [id, order])),
    groups: found,
    before: found.reduce((sum, group) => sum + group.before, 0),
    after: found.reduce((sum, group) => sum + group.after, 0),
  };
}

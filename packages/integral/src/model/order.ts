import { type ChannelGroup, orderChannels, permuteChannels } from '@pleat/channels';
import type * as tf from '@tensorflow/tfjs';
import type { GroupReport } from './report.ts';

/**
 * The order of channels: `tsp`, a shortest path through them by the L1 distance of their weights; `identity`, as they are;
 * `random`, as a control; or orders of your own by group, as `orderChannels` of `@pleat/channels` finds by other measures.
 */
export type ChannelOrder =
  | 'tsp'
  | 'identity'
  | 'random'
  | Readonly<Record<string, readonly number[]>>;

/** Every order by name. */
export const channelOrders: readonly ['tsp', 'identity', 'random'] = ['tsp', 'identity', 'random'];

/** A model with its channels in order, and how much neighbours differ before and after. */
export interface Ordered {
  /** The model that came in where nothing moves; else a new one. */
  model: tf.LayersModel;
  groups: GroupReport[];
}

/** Told before each group is ordered. */
export type OrderProgress = (progress: { group: string; done: number; of: number }) => void;

/** Puts the channels of groups in order. */
export function inOrder(
  model: tf.LayersModel,
  groups: readonly ChannelGroup[],
  order: ChannelOrder,
  seed: number,
  onProgress?: OrderProgress,
): Ordered {
  const given = typeof order === 'object';
  // A random order is cheap, and tells the variation of channels as they are.
  const measure = (of: tf.LayersModel, method: 'tsp' | 'random', progress = {}) =>
    orderChannels(of, { method, seed, ...progress });
  const found = measure(model, order === 'tsp' ? 'tsp' : 'random', onProgress && { onProgress });
  const before = new Map(found.groups.map((group) => [group.id, group]));
  const orders = given ? order : order === 'identity' ? {} : found.orders;
  const ordered = Object.keys(orders).length === 0 ? model : permuteChannels(model, orders);
  const after = given
    ? new Map(measure(ordered, 'random').groups.map((group) => [group.id, group.before]))
    : null;
  return {
    model: ordered,
    groups: groups.map(({ id, size }) => {
      const own = before.get(id);
      const variationBefore = own?.before ?? 0;
      const moved = order === 'identity' ? variationBefore : (own?.after ?? 0);
      return {
        id,
        channels: size,
        coefficients: size,
        variationBefore,
        variationAfter: after?.get(id) ?? moved,
      };
    }),
  };
}

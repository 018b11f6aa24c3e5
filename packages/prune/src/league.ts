import type { ChannelGroup } from '@pleat/channels';
import { layerPlaces } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';

/**
 * Which groups are cut: `uniform` cuts the same share of all; `last-stage` cuts only the channels that first appear at
 * the last resolution and behind it.
 */
export type League = 'uniform' | 'last-stage';

/** Positions a layer's output has beside channels; null where that is unknown. */
function area(layer: tf.layers.Layer | undefined): number | null {
  const [node] = (layer as unknown as { inboundNodes: { outputShapes: unknown }[] }).inboundNodes;
  const given = node?.outputShapes as tf.Shape | tf.Shape[] | undefined;
  const shape = (Array.isArray(given?.[0]) ? given[0] : given) as tf.Shape | undefined;
  if (shape === undefined) return null;
  const channels = layer?.getConfig().dataFormat === 'channelsFirst' ? 1 : shape.length - 1;
  const sizes = shape.filter((_, axis) => axis > 0 && axis !== channels);
  if (sizes.length === 0) return null;
  return sizes.reduce<number>((product, size) => product * (size ?? Number.NaN), 1);
}

/** The groups of a league among those that may be cut. */
export function inLeague(
  model: tf.LayersModel,
  groups: readonly ChannelGroup[],
  league: League,
): ChannelGroup[] {
  if (league === 'uniform') return [...groups];
  const layers = new Map(layerPlaces(model).map(({ path, layer }) => [path, layer]));
  const areas = groups.map(({ slots }) => {
    const maker = slots.find(({ role }) => role === 'output') ?? slots[0];
    return maker === undefined ? null : area(layers.get(maker.layer));
  });
  const known = areas.filter((size) => size !== null && Number.isFinite(size)) as number[];
  const last = known.length === 0 ? null : Math.min(...known);
  // Dense layers behind the last feature maps have no positions and belong to the end as well.
  return groups.filter((_, i) => areas[i] === null || areas[i] === last);
}

import { requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { analyse } from './graph.ts';
import { layerConfigsAt, rebuildAt } from './sizes.ts';
import type { ChannelGraph, ChannelGroup } from './types.ts';

/** Sizes of groups by id; those left out keep theirs. */
export type GroupSizes = Readonly<Record<string, number>>;

/** Tells what a model looks like with other numbers of channels, again and again from one analysis. */
export interface ModelSizer {
  readonly graph: ChannelGraph;
  /** The model at these sizes, its weights zero: for callers that compute them their own way. */
  build(sizes: GroupSizes): tf.LayersModel;
  /** The configs at these sizes of the layers without weights that have another one there, by path. */
  configs(sizes: GroupSizes): Map<string, tf.serialization.ConfigDict>;
}

/**
 * Analyses a model once, to build its structure at many sizes.
 *
 * Where a group shrinks its last channels go; where it grows more follow the last one.
 *
 * @param model Any built LayersModel; it is not changed, and its weights may be disposed of afterwards.
 * @returns The graph, and functions of sizes.
 * @throws TypeError When it is no layers model.
 * @throws RangeError From its functions, when a group is unknown or a size below 1.
 * @throws Error From its functions, when a group is fixed or tied groups would differ.
 * @example
 * modelSizer(model).build({ conv1: 8 }).layers[1].getConfig().filters; // 8
 */
export function modelSizer(model: tf.LayersModel): ModelSizer {
  requireModel('modelSizer', model);
  const analysis = analyse('modelSizer', model);
  const groups = new Map(analysis.graph.groups.map((group) => [group.id, group]));
  const resolve = (sizes: GroupSizes): Map<ChannelGroup, number> => {
    const found = new Map<ChannelGroup, number>();
    for (const [id, size] of Object.entries(sizes)) {
      const group = groups.get(id);
      if (group === undefined || !(Number.isSafeInteger(size) && size >= 1)) {
        const what = group === undefined ? 'is not in the model' : `cannot have ${size} channels`;
        throw new RangeError(
          `modelSizer: group '${id}' ${what}; groups: ${[...groups.keys()].join(', ')}.`,
        );
      }
      if (size !== group.size && group.fixed !== undefined) {
        throw new Error(`modelSizer: the channels of '${id}' are fixed: ${group.fixed}.`);
      }
      const odd = group.tied.find((other) => (sizes[other] ?? groups.get(other)?.size) !== size);
      if (odd !== undefined) {
        throw new Error(
          `modelSizer: '${id}' and '${odd}' must keep equally many channels; give both ${size}.`,
        );
      }
      if (size !== group.size) found.set(group, size);
    }
    return found;
  };
  return {
    graph: analysis.graph,
    build: (sizes) => rebuildAt(model, analysis, resolve(sizes)),
    configs: (sizes) => layerConfigsAt(analysis, resolve(sizes)),
  };
}

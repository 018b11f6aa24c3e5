export { type Costs, costs, costsOf, type LayerCosts } from './costs.ts';
export { channelGraph } from './graph.ts';
export { type LayerKind, NotFollowed, type Shapes, type Sizes } from './kinds/kind.ts';
export { layerKinds, registerLayerKind } from './kinds/registry.ts';
export type { Column, Layout, Shape } from './layout.ts';
export {
  type GroupOrId,
  keepChannels,
  type MergeMatrix,
  mergeChannels,
  permuteChannels,
} from './operations.ts';
export { type ChannelOrders, type GroupOrder, type OrderOptions, orderChannels } from './order.ts';
export type { Mixing, Rows } from './remap.ts';
export { type GroupSizes, type ModelSizer, modelSizer } from './sizer.ts';
export {
  type ChannelSlices,
  channelSlices,
  type SliceOptions,
  type SliceWeighting,
} from './slices.ts';
export type { Config, Step, WeightAxis } from './step.ts';
export type { ChannelGraph, ChannelGroup, ChannelSlot, SlotRole, UntrackedLayer } from './types.ts';

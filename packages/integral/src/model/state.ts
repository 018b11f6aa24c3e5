import { type ChannelSlot, type ModelSizer, modelSizer } from '@pleat/channels';
import { layerPlaces, rebuildModel, requireModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { isIntegral } from '../layers/integral-layer.ts';
import { plainName } from '../layers/kinds.ts';
import type { AxisPart } from './axis.ts';
import { type GroupState, IntegralGroup } from './group.ts';
import type { MatrixUse, Sampling } from './matrices.ts';
import { MatrixPool } from './pool.ts';
import type { ConversionReport } from './report.ts';
import { type AxisDivisions, GridSampler } from './weight.ts';

/** What an integral model carries in its user-defined metadata, under `integral`: it is saved with the model. */
export interface IntegralMetadata {
  sampling: Sampling;
  /** Groups that are not sampled at their own grid. */
  groups: Record<string, GroupState>;
  report?: ConversionReport;
}

/** Everything about an integral model that is not in its layers. */
export interface IntegralState {
  readonly model: tf.LayersModel;
  /** Builds the plain model at other sizes. */
  readonly sizer: ModelSizer;
  readonly groups: ReadonlyMap<string, IntegralGroup>;
  readonly metadata: IntegralMetadata;
  /** The sampler of each weight with channels, by its coefficients. */
  readonly samplers: ReadonlyMap<tf.LayerVariable, GridSampler>;
  readonly pool: MatrixPool;
}

const states = new WeakMap<tf.LayersModel, IntegralState>();

/** The plain model with the coefficients as weights' shapes; its weights are not set. */
function templateOf(model: tf.LayersModel): tf.LayersModel {
  return rebuildModel(
    model,
    (layer) => ({ ...layer, className: plainName(layer.className) ?? layer.className }),
    true,
  );
}

function metadataOf(model: tf.LayersModel): IntegralMetadata | null {
  const { integral } = (model.getUserDefinedMetadata() ?? {}) as { integral?: IntegralMetadata };
  return integral ?? null;
}

/** Notes what is stored of an integral model where `model.save` finds it. */
export function setMetadata(model: tf.LayersModel, integral: IntegralMetadata): void {
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), integral });
}

function useOf(slot: ChannelSlot, group: IntegralGroup): MatrixUse {
  if (slot.weight === 'moving_variance') return 'positive';
  // Queries meet keys in a sum over the dims of a head: the query weighs it.
  const weighs = slot.role === 'input' || isQuery(slot, group);
  return weighs ? 'input' : 'output';
}

function isQuery({ weight }: ChannelSlot, { id }: IntegralGroup): boolean {
  return weight.startsWith('query_') && /\/query-key(#\d+)?$/.test(id);
}

function partOf(slot: ChannelSlot, group: IntegralGroup): AxisPart {
  const part = { group, slot, use: useOf(slot, group) };
  // Attention divides by the root of a head's width, which is another one at another size.
  return isQuery(slot, group)
    ? { ...part, factor: (size: number) => Math.sqrt(size / group.count) }
    : part;
}

/** Parts that cover an axis together, once for each way its channels are divided. */
function divide(parts: readonly AxisPart[]): AxisPart[][] {
  const divisions: { parts: AxisPart[]; taken: Set<number> }[] = [];
  for (const part of parts) {
    const positions = [...part.slot.positions];
    let division = divisions.find(({ taken }) => !positions.some((p) => taken.has(p)));
    if (division === undefined) {
      division = { parts: [], taken: new Set() };
      divisions.push(division);
    }
    division.parts.push(part);
    for (const p of positions) division.taken.add(p);
  }
  return divisions.map((division) => division.parts);
}

function connect(
  model: tf.LayersModel,
  groups: ReadonlyMap<string, IntegralGroup>,
): Map<tf.LayerVariable, GridSampler> {
  const parts = [...groups.values()].flatMap((group) =>
    group.channels.slots.map((slot) => partOf(slot, group)),
  );
  const samplers = new Map<tf.LayerVariable, GridSampler>();
  for (const { path, layer } of layerPlaces(model)) {
    if (!isIntegral(layer)) continue;
    for (const weight of layer.sampled) {
      const own = parts.filter(({ slot }) => slot.layer === path && slot.weight === weight.name);
      const axes = [...new Set(own.map(({ slot }) => slot.axis))];
      const divisions = axes.map(
        (axis): AxisDivisions => ({
          axis,
          divisions: divide(own.filter(({ slot }) => slot.axis === axis)),
        }),
      );
      const sampler = new GridSampler(divisions);
      weight.sampler = sampler;
      samplers.set(weight.coefficients, sampler);
    }
    const heads = groups.get(`${path}/heads`);
    if (heads !== undefined) {
      Object.defineProperty(layer, 'headCount', { get: () => heads.size, configurable: true });
    }
  }
  return samplers;
}

/** Lets a pool go when its model does. */
function freeWith(model: tf.LayersModel, pool: MatrixPool): void {
  const dispose = model.dispose.bind(model);
  model.dispose = () => {
    const result = dispose();
    if (result.refCountAfterDispose === 0) pool.clear();
    return result;
  };
}

/**
 * The state of an integral model; of one that was just loaded it is made from the model and its metadata.
 * @throws TypeError When it is no layers model.
 * @throws Error When it is not integral.
 */
export function stateOf(who: string, model: tf.LayersModel): IntegralState {
  requireModel(who, model);
  const known = states.get(model);
  if (known !== undefined) return known;
  const metadata = metadataOf(model);
  if (metadata === null) {
    throw new Error(
      `${who}: '${model.name}' is not integral; convert it with toIntegral, and save and load it with its metadata.`,
    );
  }
  const template = templateOf(model);
  const sizer = modelSizer(template);
  for (const weight of template.weights) weight.dispose();
  const pool = new MatrixPool();
  const groups = new Map(
    sizer.graph.groups.map((channels) => {
      const group = new IntegralGroup(channels, metadata.sampling, pool);
      const stored = metadata.groups[group.id];
      if (stored !== undefined) group.set(stored);
      return [group.id, group];
    }),
  );
  const samplers = connect(model, groups);
  freeWith(model, pool);
  const state: IntegralState = { model, sizer, groups, metadata, samplers, pool };
  states.set(model, state);
  fitShapes(state);
  return state;
}

/** The sizes of all groups that may have others. */
export function sizesOf({ groups }: IntegralState): Record<string, number> {
  const free = [...groups.values()].filter(({ channels }) => channels.fixed === undefined);
  return Object.fromEntries(free.map(({ id, size }) => [id, size]));
}

/**
 * Lets layers without weights that name sizes in their config (reshapes, paddings along channels) compute at those of now:
 * a layer with the config of now computes in their place.
 */
export function fitShapes(state: IntegralState): void {
  const configs = state.sizer.configs(sizesOf(state));
  for (const { path, layer } of layerPlaces(state.model)) {
    if (layer.weights.length > 0) continue;
    const config = configs.get(path);
    const own = layer as { call?: tf.layers.Layer['call'] };
    if (config === undefined) {
      if (Object.hasOwn(layer, 'call')) delete own.call;
      continue;
    }
    const Class = layer.constructor as unknown as {
      fromConfig(cls: unknown, config: tf.serialization.ConfigDict): tf.layers.Layer;
    };
    const standIn = Class.fromConfig(Class, config);
    own.call = (inputs, kwargs) => standIn.call(inputs, kwargs);
  }
}

/** Stores where every group is sampled now. */
export function storeGroups({ model, groups, metadata }: IntegralState): void {
  for (const group of groups.values()) {
    if (group.whole) delete metadata.groups[group.id];
    else metadata.groups[group.id] = group.state;
  }
  setMetadata(model, metadata);
}

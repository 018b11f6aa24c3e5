import { copyWeights, layerPlaces } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type Analysis, analyse } from './graph.ts';
import { kindOf } from './kinds/registry.ts';
import { gather, type Mixture, type Remap, type RowPlan, remapAxis } from './remap.ts';
import { rebuildAt, shapesOf } from './sizes.ts';
import { weightsOf } from './trace.ts';
import type { ChannelGroup, ChannelSlot } from './types.ts';

/** Remaps by the id of the group. */
export type Remaps = ReadonlyMap<string, Remap>;

const axisKey = ({ layer, weightIndex, axis }: ChannelSlot): string =>
  `${layer}|${weightIndex}|${axis}`;

/** A slot before and after, in the place of the other. */
interface SlotPair {
  before: ChannelSlot;
  after: ChannelSlot;
  remap: Remap;
}

function pairSlots(who: string, before: Analysis, after: Analysis, remaps: Remaps): SlotPair[] {
  const groups = new Map(after.graph.groups.map((group) => [group.id, group]));
  return before.graph.groups.flatMap(({ id, size, slots }) => {
    const group = groups.get(id);
    const remap = remaps.get(id) ?? gather(Array.from({ length: size }, (_, i) => i));
    const other = group?.slots ?? [];
    const fits =
      group?.size === remap.size &&
      other.length === slots.length &&
      slots.every((slot, i) => {
        const twin = other[i] as ChannelSlot;
        return axisKey(slot) === axisKey(twin) && slot.each === twin.each;
      });
    if (!fits && remaps.has(id)) {
      throw new Error(
        `${who}: at the new size the channels of '${id}' lie otherwise in the model than before (a layer treats it as a ` +
          'special case, such as one channel repeated for many); choose another size.',
      );
    }
    if (!fits) return [];
    return slots.map((slot, i) => ({ before: slot, after: other[i] as ChannelSlot, remap }));
  });
}

/** Plans an axis of a weight: only the division that changes, for every group on it. */
function planAxis(pairs: readonly SlotPair[], size: number): RowPlan {
  const plan: (number | Mixture)[] = Array.from({ length: size }, (_, p) => p);
  for (const { before, after, remap } of pairs) {
    const { each } = before;
    for (let channel = 0; channel < remap.size; channel++) {
      const source = remap.source(before.role, channel);
      for (let k = 0; k < each; k++) {
        const row =
          typeof source === 'number'
            ? (before.positions[source * each + k] as number)
            : {
                by: source.by,
                from: source.from.map((c) => before.positions[c * each + k] as number),
              };
        plan[after.positions[channel * each + k] as number] = row;
      }
    }
  }
  return plan;
}

/** Applies remaps of groups that do not divide the same axis in different ways. */
function applyOnce(
  who: string,
  model: tf.LayersModel,
  before: Analysis,
  remaps: Remaps,
): tf.LayersModel {
  const sizes = new Map<ChannelGroup, number>();
  for (const group of before.graph.groups) {
    const size = remaps.get(group.id)?.size ?? group.size;
    if (size !== group.size) sizes.set(group, size);
  }
  const result = rebuildAt(model, before, sizes);
  const after = sizes.size === 0 ? before : analyse(who, result);
  const changed = new Set(
    before.graph.groups
      .filter(({ id }) => remaps.has(id))
      .flatMap(({ slots }) => slots.map((s) => `${axisKey(s)}|${before.divisions.get(s)}`)),
  );
  const byAxis = new Map<string, SlotPair[]>();
  for (const pair of pairSlots(who, before, after, remaps)) {
    const key = axisKey(pair.before);
    if (!changed.has(`${key}|${before.divisions.get(pair.before)}`)) continue;
    byAxis.set(key, [...(byAxis.get(key) ?? []), pair]);
  }
  const paths = new Map<
    tf.LayerVariable,
    { path: string; index: number; layer: tf.layers.Layer }
  >();
  for (const { path, layer } of layerPlaces(model)) {
    for (const { variable, index } of weightsOf(layer)) paths.set(variable, { path, index, layer });
  }
  const firstUse = (analysis: Analysis, path: string) =>
    analysis.applications.find((use) => use.path === path);
  tf.tidy(() => {
    copyWeights(model, result, (source, target) => {
      const { path, index, layer } = paths.get(source) as {
        path: string;
        index: number;
        layer: tf.layers.Layer;
      };
      let shape = source.shape as number[];
      const plans = shape.map((_, axis) => byAxis.get(`${path}|${index}|${axis}`));
      if (plans.every((pairs) => pairs === undefined)) return source.read();
      let values = source.read().dataSync<'float32'>();
      plans.forEach((pairs, axis) => {
        if (pairs === undefined) return;
        const plan = planAxis(pairs, target.shape[axis] as number);
        values = remapAxis(values, shape, axis, plan);
        shape = shape.map((size, a) => (a === axis ? plan.length : size));
      });
      const kind = kindOf(layer.getClassName());
      const [old, now] = [firstUse(before, path), firstUse(after, path)];
      if (kind?.factor !== undefined && sizes.size > 0 && old !== undefined && now !== undefined) {
        const name = (weightsOf(layer)[index] as { name: string }).name;
        const factor = kind.factor(name, shapesOf(old), shapesOf(now));
        if (factor !== 1) values = values.map((value) => value * factor);
      }
      return tf.tensor(values, target.shape as number[]);
    });
  });
  return result;
}

/** Splits remaps where groups divide one axis in different ways: the finer division first, while its names still hold. */
function stages(analysis: Analysis, remaps: Remaps): Remaps[] {
  const byDivision = new Map<number, Map<string, Remap>>();
  for (const { id, slots } of analysis.graph.groups) {
    const remap = remaps.get(id);
    if (remap === undefined) continue;
    const division = Math.max(0, ...slots.map((slot) => analysis.divisions.get(slot) ?? 0));
    byDivision.set(division, (byDivision.get(division) ?? new Map()).set(id, remap));
  }
  return [...byDivision.entries()].sort(([a], [b]) => b - a).map(([, stage]) => stage);
}

function check(who: string, { graph }: Analysis, remaps: Remaps): void {
  const groups = new Map(graph.groups.map((group) => [group.id, group]));
  for (const [id, { size }] of remaps) {
    const group = groups.get(id);
    if (group === undefined) continue;
    if (group.fixed !== undefined) {
      throw new Error(`${who}: the channels of '${id}' are fixed: ${group.fixed}.`);
    }
    const odd = group.tied.find(
      (other) => (remaps.get(other)?.size ?? groups.get(other)?.size) !== size,
    );
    if (odd !== undefined) {
      throw new Error(
        `${who}: '${id}' and '${odd}' must keep equally many channels; give both in one call, with '${id}' of ${size}.`,
      );
    }
  }
}

/** Applies remaps, chosen with the groups at hand, to a copy of the model. */
export function applyRemaps(
  who: string,
  model: tf.LayersModel,
  choose: (groups: ReadonlyMap<string, ChannelGroup>) => Remaps,
): tf.LayersModel {
  const first = analyse(who, model);
  const remaps = choose(new Map(first.graph.groups.map((group) => [group.id, group])));
  check(who, first, remaps);
  const todo = stages(first, remaps);
  if (todo.length === 0) return applyOnce(who, model, first, new Map());
  let current = model;
  for (const [i, stage] of todo.entries()) {
    const analysis = i === 0 ? first : analyse(who, current);
    const next = applyOnce(who, current, analysis, stage);
    if (current !== model) for (const weight of current.weights) weight.dispose();
    current = next;
  }
  return current;
}

import { rebuildModel } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { Analysis } from './graph.ts';
import type { LayerKind, Shapes, Sizes } from './kinds/kind.ts';
import { kindOf } from './kinds/registry.ts';
import { type Layout, offsets, type Shape, sizeOf, stridesOf } from './layout.ts';
import type { Application } from './trace.ts';
import { weightsOf } from './trace.ts';
import type { ChannelGroup } from './types.ts';

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** What becomes of axes and shapes when groups get other sizes: the last channels go, or the last one is followed by more. */
export class NewSizes {
  readonly #analysis: Analysis;
  readonly #sizes: ReadonlyMap<ChannelGroup, number>;

  constructor(analysis: Analysis, sizes: ReadonlyMap<ChannelGroup, number>) {
    this.#analysis = analysis;
    this.#sizes = sizes;
  }

  /** How many atoms there are in the place of this one. */
  count(atom: number): number {
    const { atoms, channels } = this.#analysis;
    const found = channels.get(atoms.channel(atom));
    if (found === undefined) return 1;
    const { group, channel } = found;
    const size = this.#sizes.get(group) ?? group.size;
    if (channel >= size) return 0;
    return channel === group.size - 1 ? 1 + size - group.size : 1;
  }

  #sameChannel(a: number, b: number): boolean {
    const { atoms } = this.#analysis;
    return atoms.channel(a) === atoms.channel(b);
  }

  /** The same for every position along an axis of a tensor. */
  along({ columns, shape }: Layout, axis: number): number[] {
    const counts = Array.from({ length: sizeOf(shape, axis) }, () => 1);
    for (const column of columns) {
      const i = column.axes.indexOf(axis);
      if (i < 0) continue;
      const sizes = column.axes.map((a) => sizeOf(shape, a));
      const strides = stridesOf(sizes);
      const own = Array.from(counts, () => 0);
      const along = sizes.map((_, k) => (k === i ? 1 : 0));
      const rest = strides.map((stride, k) => (k === i ? 0 : stride));
      const first = offsets(sizes, rest);
      // Where channels lie over several axes, new ones come along that which tells channels apart.
      let divides = column.axes.length === 1;
      offsets(sizes, along).forEach((p, e) => {
        const atom = column.atoms[e] as number;
        own[p] = Math.max(own[p] as number, this.count(atom));
        divides ||= !this.#sameChannel(atom, column.atoms[first[e] as number] as number);
      });
      if (!divides)
        own.forEach((count, p) => {
          own[p] = Math.min(1, count);
        });
      own.forEach((count, p) => {
        counts[p] = (counts[p] as number) * count;
      });
    }
    return counts;
  }

  /** A tensor's new shape. */
  shape(layout: Layout, path: string): Shape {
    const shape = layout.shape.map((size, axis) =>
      layout.columns.some(({ axes }) => axes.includes(axis)) ? sum(this.along(layout, axis)) : size,
    );
    for (const { axes, atoms } of layout.columns) {
      if (axes.length === 1) continue;
      const cells = axes.reduce((product, axis) => product * sizeOf(shape, axis), 1);
      const left = atoms.reduce((total, atom) => total + this.count(atom), 0);
      if (cells !== left) {
        throw new Error(
          `Layer '${path}' arranges channels over several axes at once, and those that would remain fill no whole ` +
            'axis; permute this group, or keep all of it.',
        );
      }
    }
    return shape;
  }

  /** For an axis of a weight in one of the ways it is divided; null where it is not. */
  division(path: string, index: number, axis: number, column: number): number[] | null {
    const found = this.#analysis.atoms.axes.find(
      ({ source, column: own }) =>
        own === column && source?.layer === path && source.index === index && source.axis === axis,
    );
    if (found === undefined) return null;
    return Array.from({ length: found.size }, (_, p) => this.count(found.first + p));
  }

  /** A weight's new shape. */
  weightShape(path: string, index: number, shape: readonly number[]): number[] {
    return shape.map((size, axis) => {
      const divisions: number[][] = [];
      for (let column = 0; ; column++) {
        const own = this.division(path, index, axis, column);
        if (own === null) break;
        divisions.push(own);
      }
      if (divisions.length === 0) return size;
      const all = Array.from({ length: size }, (_, p) => p);
      return sum(all.map((p) => divisions.reduce((count, own) => count * (own[p] as number), 1)));
    });
  }
}

function sizesAround({ path, layer, inputs, output }: Application, sizes: NewSizes): Sizes {
  const weights = weightsOf(layer);
  const find = (name: string) => {
    const found = weights.find((weight) => weight.name === name);
    if (found === undefined) throw new Error(`Layer '${path}' has no weight '${name}'.`);
    return found;
  };
  return {
    weight: (name) => sizes.weightShape(path, find(name).index, find(name).shape),
    inputs: inputs.map((input) => sizes.shape(input, path)),
    output: sizes.shape(output, path),
    kept: (axis, input) =>
      sizes.along(input === undefined ? output : (inputs[input] as Layout), axis),
    division(name, axis, column) {
      const { index, shape } = find(name);
      const whole = Array.from({ length: shape[axis] as number }, () => 1);
      return sizes.division(path, index, axis, column) ?? whole;
    },
  };
}

/** The shapes of one application of a layer as it stands. */
export function shapesOf({ layer, inputs, output }: Application): Shapes {
  const weights = weightsOf(layer);
  return {
    weight: (name) => weights.find((weight) => weight.name === name)?.shape ?? null,
    inputs: inputs.map(({ shape }) => shape),
    output: output.shape,
    config: layer.getConfig(),
  };
}

/** Within a model of the model, the layer that states the input's shape states it anew. */
function resizedInput(
  config: tf.serialization.ConfigDict,
  { path, inputs }: Application,
  sizes: NewSizes,
): tf.serialization.ConfigDict {
  const [input] = inputs;
  if (!path.includes('/') || !('batchInputShape' in config) || input === undefined) return config;
  return { ...config, batchInputShape: [...sizes.shape(input, path)] };
}

function resizedConfig(
  kind: LayerKind | undefined,
  config: tf.serialization.ConfigDict,
  uses: readonly Application[],
  sizes: NewSizes,
): tf.serialization.ConfigDict {
  const configs = uses.map((use) => {
    const own = resizedInput(config, use, sizes);
    return kind?.resize?.(own, sizesAround(use, sizes)) ?? own;
  });
  const [first] = configs as [typeof config];
  if (configs.some((other) => JSON.stringify(other) !== JSON.stringify(first))) {
    throw new Error(
      `Layer '${uses[0]?.path}' is used several times and would have to differ between its uses; permute these groups, or ` +
        'keep all of them.',
    );
  }
  return first;
}

function usesByPath({ applications }: Analysis): Map<string, Application[]> {
  const uses = new Map<string, Application[]>();
  for (const use of applications) uses.set(use.path, [...(uses.get(use.path) ?? []), use]);
  return uses;
}

/** Configs of the layers without weights that change when groups get these sizes, by path. */
export function layerConfigsAt(
  analysis: Analysis,
  newSizes: ReadonlyMap<ChannelGroup, number>,
): Map<string, tf.serialization.ConfigDict> {
  const sizes = new NewSizes(analysis, newSizes);
  const found = new Map<string, tf.serialization.ConfigDict>();
  for (const [path, uses] of usesByPath(analysis)) {
    const { layer } = uses[0] as Application;
    const kind = kindOf(layer.getClassName());
    if (kind?.resize === undefined || layer.weights.length > 0) continue;
    const config = layer.getConfig();
    const resized = resizedConfig(kind, config, uses, sizes);
    if (JSON.stringify(resized) !== JSON.stringify(config)) found.set(path, resized);
  }
  return found;
}

/** Builds the model with groups of these sizes; its weights are zero. */
export function rebuildAt(
  model: tf.LayersModel,
  analysis: Analysis,
  newSizes: ReadonlyMap<ChannelGroup, number>,
): tf.LayersModel {
  const sizes = new NewSizes(analysis, newSizes);
  const uses = usesByPath(analysis);
  return rebuildModel(
    model,
    ({ className, config }, path) => {
      const own = uses.get(path);
      const kind = kindOf(className);
      if (own === undefined) return { className, config };
      return { className, config: resizedConfig(kind, config, own, sizes) };
    },
    true,
  );
}

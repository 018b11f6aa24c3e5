import type * as tf from '@tensorflow/tfjs';
import { type Analysis, analyse } from './graph.ts';
import { product, type Shapes, volume } from './kinds/kind.ts';
import { kindOf } from './kinds/registry.ts';
import type { Layout } from './layout.ts';
import { NewSizes } from './sizes.ts';
import { type Application, weightsOf } from './trace.ts';
import type { ChannelGroup } from './types.ts';

/** What one layer costs. */
export interface LayerCosts {
  /** Path of the layer. */
  layer: string;
  className: string;
  /** Numbers the layer stores, statistics of norms included. */
  parameters: number;
  /** Those of them that are trained. */
  trainable: number;
  /** Multiplications with an addition for one sample, all uses of the layer together; null where they cannot be told. */
  multiplyAdds: number | null;
  /** Numbers in the layer's outputs for one sample; null where a size is unknown. */
  activations: number | null;
}

/** What a model costs. */
export interface Costs {
  layers: LayerCosts[];
  parameters: number;
  trainable: number;
  /** For one sample; null where a layer's cannot be told. */
  multiplyAdds: number | null;
  /** Numbers in all outputs of layers for one sample: what training keeps. */
  activations: number | null;
  /** The most numbers alive at once for one sample: what inference needs, when tensors go after their last use. */
  peakActivations: number | null;
}

const known = (value: number | null): number | null =>
  value === null || !Number.isFinite(value) ? null : value;

const total = (values: readonly (number | null)[]): number | null =>
  values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);

function shapesAt({ path, layer, inputs, output }: Application, sizes: NewSizes): Shapes {
  const weights = weightsOf(layer);
  return {
    weight(name) {
      const found = weights.find((weight) => weight.name === name);
      return found === undefined ? null : sizes.weightShape(path, found.index, found.shape);
    },
    inputs: inputs.map((input) => sizes.shape(input, path)),
    output: sizes.shape(output, path),
    config: layer.getConfig(),
  };
}

/** Values alive at each step, when every tensor goes after its last use. */
function peak({ applications, origins, outputs }: Analysis, sizes: NewSizes): number | null {
  const root = (layout: Layout): Layout => {
    const origin = origins.get(layout);
    return origin === undefined ? layout : root(origin);
  };
  const lastUse = new Map<Layout, number>();
  applications.forEach(({ inputs }, step) => {
    for (const input of inputs) lastUse.set(root(input), step);
  });
  for (const output of outputs) lastUse.set(root(output), applications.length);
  const alive = new Map<Layout, number>();
  let most = 0;
  applications.forEach(({ path, inputs, output }, step) => {
    for (const layout of [...inputs, output].map(root)) {
      if (!alive.has(layout)) alive.set(layout, volume(sizes.shape(layout, path)));
    }
    most = Math.max(
      most,
      [...alive.values()].reduce((a, b) => a + b, 0),
    );
    for (const layout of [...alive.keys()]) {
      if ((lastUse.get(layout) ?? step) <= step) alive.delete(layout);
    }
  });
  return known(most);
}

/** The costs of a model at other sizes of its groups. */
function costsAt(analysis: Analysis, newSizes: ReadonlyMap<ChannelGroup, number>): Costs {
  const sizes = new NewSizes(analysis, newSizes);
  const byPath = new Map<string, LayerCosts>();
  for (const use of analysis.applications) {
    const { path, layer } = use;
    const className = layer.getClassName();
    if (className === 'InputLayer') continue;
    const shapes = shapesAt(use, sizes);
    const kind = kindOf(className);
    const once = kind === undefined ? null : (kind.multiplyAdds?.(shapes) ?? 0);
    const done = once === null ? null : once * use.times;
    const made = known(volume(shapes.output) * use.times);
    const before = byPath.get(path);
    if (before !== undefined) {
      before.multiplyAdds = total([before.multiplyAdds, known(done)]);
      before.activations = total([before.activations, made]);
      continue;
    }
    const numbers = layer.weights.map((weight, index) => ({
      trained: weight.trainable,
      count: product(sizes.weightShape(path, index, weight.shape as number[])),
    }));
    const sum = (of: typeof numbers) => of.reduce((count, each) => count + each.count, 0);
    byPath.set(path, {
      layer: path,
      className,
      parameters: sum(numbers),
      trainable: sum(numbers.filter(({ trained }) => trained)),
      multiplyAdds: known(done),
      activations: made,
    });
  }
  const layers = [...byPath.values()];
  const add = (key: 'parameters' | 'trainable') => layers.reduce((sum, each) => sum + each[key], 0);
  return {
    layers,
    parameters: add('parameters'),
    trainable: add('trainable'),
    multiplyAdds: total(layers.map(({ multiplyAdds }) => multiplyAdds)),
    activations: total(layers.map(({ activations }) => activations)),
    peakActivations: peak(analysis, sizes),
  };
}

/**
 * Counts what a model costs: stored numbers, multiply-adds and activations, per layer and in all.
 *
 * A layer used twice stores its weights once and computes twice. Biases, norms and activations are not multiply-adds.
 *
 * @param model Any built LayersModel.
 * @returns Counts for one sample.
 * @throws TypeError When it is no layers model.
 * @example
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
 * const { parameters, multiplyAdds, activations } = costs(model); // 15, 12, 3
 */
export function costs(model: tf.LayersModel): Costs {
  return costsAt(analyse('costs', model), new Map());
}

/**
 * Tells what a model would cost with other numbers of channels, without building it.
 *
 * @param model Any built LayersModel.
 * @returns A function from sizes by group id to costs; groups that are not named keep their size.
 * @throws RangeError (the function) When a group is unknown or a size no whole number of at least 1.
 * @example
 * const at = costsOf(model);
 * at({ conv1: 8 }).parameters === costs(keepChannels(model, 'conv1', [0, 1, 2, 3, 4, 5, 6, 7])).parameters; // true
 */
export function costsOf(model: tf.LayersModel): (sizes: Readonly<Record<string, number>>) => Costs {
  const analysis = analyse('costsOf', model);
  const groups = new Map(analysis.graph.groups.map((group) => [group.id, group]));
  return (sizes) => {
    const bySize = Object.entries(sizes).map(([id, size]) => {
      const group = groups.get(id);
      if (group === undefined || !Number.isInteger(size) || size < 1) {
        throw new RangeError(
          `costsOf: sizes are whole numbers of at least 1 by group; found ${id}: ${size}. Groups: ${[...groups.keys()].join(', ')}.`,
        );
      }
      return [group, size] as const;
    });
    return costsAt(analysis, new Map(bySize));
  };
}

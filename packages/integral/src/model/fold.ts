import { layerPlaces, modelFromConfig } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

type Config = tf.serialization.ConfigDict;
interface Entry {
  className: string;
  name?: string;
  config: Config;
  inboundNodes?: [string, number, number, object?][][];
}

const norms = ['BatchNormalization', 'PleatBatchNorm'];
/** Layers a norm can be folded into, and the axis of their kernel that makes the channels. */
const linear: Readonly<Record<string, { kernel: string; axis: (rank: number) => number }>> = {
  Dense: { kernel: 'kernel', axis: (rank) => rank - 1 },
  Conv1D: { kernel: 'kernel', axis: (rank) => rank - 1 },
  Conv2D: { kernel: 'kernel', axis: (rank) => rank - 1 },
  Conv2DTranspose: { kernel: 'kernel', axis: (rank) => rank - 2 },
  DepthwiseConv2D: { kernel: 'depthwise_kernel', axis: () => 2 },
};

/** A batch norm and the linear layer before it, by name. */
interface Pair {
  norm: string;
  into: string;
}

function isLinear({ className, config }: Entry): boolean {
  const plain = config.activation === undefined || config.activation === 'linear';
  const multiplied = className === 'DepthwiseConv2D' && config.depthMultiplier !== 1;
  return Object.hasOwn(linear, className) && plain && !multiplied;
}

/** Norms whose one input is a linear layer that nothing else reads. */
function pairs(model: tf.LayersModel, entries: readonly Entry[]): Pair[] {
  const byName = new Map(entries.map((entry) => [entry.config.name as string, entry]));
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  const sequential = model.getClassName() === 'Sequential';
  const before = (entry: Entry, i: number): string[] => {
    if (sequential) return i > 0 ? [entries[i - 1]?.config.name as string] : [];
    return (entry.inboundNodes ?? []).flat().map(([name]) => name);
  };
  entries.forEach((entry, i) => {
    for (const name of before(entry, i)) read(name);
  });
  for (const name of model.outputNames) read(name);
  return entries.flatMap((entry, i): Pair[] => {
    const inputs = before(entry, i);
    const [into = ''] = inputs;
    const layer = byName.get(into);
    const fits =
      norms.includes(entry.className) &&
      inputs.length === 1 &&
      layer !== undefined &&
      isLinear(layer) &&
      readers.get(into) === 1 &&
      (layer.inboundNodes?.length ?? 1) === 1 &&
      ((entry.config.axis as number | undefined) ?? -1) !== 1;
    return fits ? [{ norm: entry.config.name as string, into }] : [];
  });
}

/** The linear layers of a model that a batch norm alone reads: name of the layer to name of the norm. */
export function normsAfter(model: tf.LayersModel): Map<string, string> {
  const { layers } = model.getConfig() as unknown as { layers: Entry[] };
  return new Map(pairs(model, layers).map(({ norm, into }) => [into, norm]));
}

/** The factor and shift of a norm that no longer moves. */
function affine(norm: tf.layers.Layer): { factor: tf.Tensor; shift: tf.Tensor } {
  const weight = (name: string) =>
    norm.weights.find(({ originalName }) => originalName.split('/').at(-1) === name)?.read();
  const mean = weight('moving_mean') as tf.Tensor;
  const variance = weight('moving_variance') as tf.Tensor;
  const { epsilon } = norm.getConfig() as { epsilon: number };
  const factor = tf.mul(weight('gamma') ?? 1, tf.rsqrt(variance.add(epsilon)));
  return { factor, shift: tf.sub(weight('beta') ?? 0, mean.mul(factor)) };
}

/**
 * Folds batch norms into the linear layers before them: the same function, in inference, without the norms.
 * @param model Any LayersModel; it is not changed. Models within it are left as they are.
 * @returns A new model, and the names of the norms that are gone: those that follow a convolution or dense layer without
 *   activation that nothing else reads. Others stay.
 * @example
 * // conv - norm - relu
 * foldBatchNorm(model).model.layers.map((layer) => layer.getClassName()); // Conv2D, Activation
 */
export function foldBatchNorm(model: tf.LayersModel): { model: tf.LayersModel; folded: string[] } {
  const config = structuredClone(model.getConfig()) as Config & { layers: Entry[] };
  const entries = config.layers as Entry[];
  const found = pairs(model, entries);
  const into = new Map(found.map(({ norm, into }) => [norm, into]));
  const kept = entries.filter(({ config }) => !into.has(config.name as string));
  const redirect = (name: string) => into.get(name) ?? name;
  for (const entry of kept) {
    if (found.some((pair) => pair.into === entry.config.name)) entry.config.useBias = true;
    for (const node of entry.inboundNodes ?? []) {
      for (const input of node) input[0] = redirect(input[0]);
    }
  }
  const outputs = config.outputLayers as [string, number, number][] | undefined;
  for (const output of outputs ?? []) output[0] = redirect(output[0]);
  const changed = { ...config, layers: kept } as unknown as Config;
  const result = modelFromConfig(model.getClassName(), changed, true);
  tf.tidy(() => {
    const sources = new Map(layerPlaces(model).map(({ path, layer }) => [path, layer]));
    const normOf = new Map(found.map(({ norm, into: path }) => [path, norm]));
    for (const { path, layer } of layerPlaces(result)) {
      const source = sources.get(path) as tf.layers.Layer;
      const norm = normOf.get(path);
      if (norm === undefined) {
        layer.setWeights(source.getWeights());
        continue;
      }
      const { factor, shift } = affine(sources.get(norm) as tf.layers.Layer);
      const [kernel, bias] = source.getWeights() as [tf.Tensor, tf.Tensor | undefined];
      const axis = linear[source.getClassName()]?.axis(kernel.rank) as number;
      const shape = kernel.shape.map((size, i) => (i === axis ? size : 1));
      const moved = bias === undefined ? shift : bias.mul(factor).add(shift);
      layer.setWeights([kernel.mul(factor.reshape(shape)), moved]);
    }
  });
  return { model: result, folded: found.map(({ norm }) => norm) };
}

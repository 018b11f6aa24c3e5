import type { ChannelGroup, ChannelSlot } from '@pleat/channels';
import * as tf from '@tensorflow/tfjs';

/** Statistics of a group's channels over all samples and positions, averaged over the layers that read them. */
export interface FeatureStatistics {
  samples: number;
  /** Mean magnitude of each channel. */
  mean: Float64Array;
  /** Variance of its values. */
  variance: Float64Array;
  /** Share of them that are exactly zero, 0 .. 1. */
  zeros: Float64Array;
}

/** Inputs of a model: one tensor, or batches of them (arrays for models with several inputs), which are not disposed. */
export type FeatureData =
  | tf.Tensor
  | Iterable<tf.Tensor | tf.Tensor[]>
  | AsyncIterable<tf.Tensor | tf.Tensor[]>;

interface Node {
  inputTensors: tf.SymbolicTensor[];
}

/** Where a group's channels can be watched: a tensor, and the axis they lie along. */
interface Watch {
  tensor: tf.SymbolicTensor;
  axis: number;
  slot: ChannelSlot;
}

/** Kernels that read a layer's input as it comes. */
const reading = ['kernel', 'query_kernel'];

function watches(model: tf.LayersModel, group: ChannelGroup): Watch[] {
  const found: Watch[] = [];
  for (const slot of group.slots) {
    if (slot.role !== 'input' || !reading.includes(slot.weight)) continue;
    // Layers in models within the model have no tensor of their own to watch.
    const layer = model.layers.find(({ name }) => name === slot.layer);
    const nodes = (layer as unknown as { inboundNodes: Node[] } | undefined)?.inboundNodes ?? [];
    const first = layer?.getConfig().dataFormat === 'channelsFirst';
    for (const { inputTensors } of nodes) {
      const [tensor] = inputTensors;
      if (tensor === undefined) continue;
      found.push({ tensor, axis: first ? 1 : tensor.shape.length - 1, slot });
    }
  }
  return found;
}

/** Sums over everything but one axis. */
interface Sums {
  count: number;
  absolute: Float64Array;
  plain: Float64Array;
  square: Float64Array;
  zero: Float64Array;
}

function add(sums: Sums | undefined, value: tf.Tensor, axis: number): Sums {
  const size = value.shape[axis] as number;
  const inner = value.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const row = () => new Float64Array(size);
  const into = sums ?? { count: 0, absolute: row(), plain: row(), square: row(), zero: row() };
  const { absolute, plain, square, zero } = into;
  value.dataSync().forEach((x, i) => {
    const c = Math.floor(i / inner) % size;
    absolute[c] = (absolute[c] as number) + Math.abs(x);
    plain[c] = (plain[c] as number) + x;
    square[c] = (square[c] as number) + x * x;
    if (x === 0) zero[c] = (zero[c] as number) + 1;
  });
  into.count += value.size / size;
  return into;
}

function collect(
  size: number,
  all: readonly { slot: ChannelSlot; sums: Sums }[],
  samples: number,
): FeatureStatistics {
  const result = {
    samples,
    mean: new Float64Array(size),
    variance: new Float64Array(size),
    zeros: new Float64Array(size),
  };
  const gain = (row: Float64Array, c: number, value: number) => {
    row[c] = (row[c] as number) + value / all.length;
  };
  for (const { slot, sums } of all) {
    const n = sums.count * slot.each;
    for (let c = 0; c < size; c++) {
      const at = slot.positions.subarray(c * slot.each, (c + 1) * slot.each);
      const sum = (row: Float64Array) => at.reduce((total, p) => total + (row[p] as number), 0);
      const average = sum(sums.plain) / n;
      gain(result.mean, c, sum(sums.absolute) / n);
      gain(result.variance, c, Math.max(0, sum(sums.square) / n - average * average));
      gain(result.zeros, c, sum(sums.zero) / n);
    }
  }
  return result;
}

function isBatches(data: FeatureData): data is Exclude<FeatureData, tf.Tensor> {
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

/**
 * Watches the channels of groups over data.
 *
 * @param model Any built LayersModel.
 * @param groups Groups of its graph.
 * @param data Inputs; see `FeatureData`.
 * @param batchSize How many samples of one tensor go through the model at once. Default 64.
 * @returns Statistics by group id. A group no layer of the model itself reads (within attention, within a model of the
 *   model) is absent.
 * @throws RangeError When the data holds no sample.
 * @example
 * const statistics = await featureStatistics(model, channelGraph(model).groups, images);
 * statistics.get('conv1').zeros; // share of zeros of each channel
 */
export async function featureStatistics(
  model: tf.LayersModel,
  groups: readonly ChannelGroup[],
  data: FeatureData,
  batchSize = 64,
): Promise<Map<string, FeatureStatistics>> {
  const byGroup = groups.map((group) => ({ group, own: watches(model, group) }));
  const tensors = [...new Set(byGroup.flatMap(({ own }) => own.map(({ tensor }) => tensor)))];
  const watched = byGroup.filter(({ own }) => own.length > 0);
  if (tensors.length === 0) return new Map();
  const eye = tf.model({ inputs: model.inputs, outputs: tensors });
  const sums = new Map<string, Sums>();
  let samples = 0;
  const watch = (batch: tf.Tensor | tf.Tensor[]): void => {
    const given = eye.predictOnBatch(batch);
    const outputs = Array.isArray(given) ? given : [given];
    samples += (Array.isArray(batch) ? batch[0] : batch)?.shape[0] ?? 0;
    const seen = new Set<string>();
    for (const { own } of watched) {
      for (const { tensor, axis } of own) {
        const key = `${tensors.indexOf(tensor)} ${axis}`;
        if (seen.has(key)) continue;
        seen.add(key);
        sums.set(key, add(sums.get(key), outputs[tensors.indexOf(tensor)] as tf.Tensor, axis));
      }
    }
    // An input that is watched comes out as it went in.
    const kept = new Set(Array.isArray(batch) ? batch : [batch]);
    tf.dispose(outputs.filter((output) => !kept.has(output)));
  };
  if (isBatches(data)) for await (const batch of data) watch(batch);
  else {
    for (let from = 0; from < (data.shape[0] ?? 0); from += batchSize) {
      const batch = data.slice(from, Math.min(batchSize, (data.shape[0] as number) - from));
      watch(batch);
      batch.dispose();
    }
  }
  if (samples === 0) {
    throw new RangeError('pruneChannels: the data holds no sample; give at least one batch.');
  }
  return new Map(
    watched.map(({ group, own }) => {
      const all = own.map(({ tensor, axis, slot }) => ({
        slot,
        sums: sums.get(`${tensors.indexOf(tensor)} ${axis}`) as Sums,
      }));
      return [group.id, collect(group.size, all, samples)];
    }),
  );
}

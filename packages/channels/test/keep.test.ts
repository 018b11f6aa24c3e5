import { layerPlaces } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ChannelGraph,
  type ChannelGroup,
  channelGraph,
  keepChannels,
  mergeChannels,
  permuteChannels,
} from '../src/index.ts';
import { difference, inputs, models, predict, shuffled, stirred } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

const free = ({ groups }: ChannelGraph) =>
  groups.filter(({ fixed, size }) => fixed === undefined && size > 1);

/** Sets to zero, on a copy, whatever reads the channels that are not kept: plain loops over the slots' positions. */
function silenced(
  model: tf.LayersModel,
  group: ChannelGroup,
  kept: readonly number[],
): tf.LayersModel {
  const copy = permuteChannels(model, {});
  const layers = new Map(layerPlaces(copy).map(({ path, layer }) => [path, layer]));
  for (const { layer, weightIndex, axis, role, each, positions } of group.slots) {
    if (role !== 'input') continue;
    const weight = layers.get(layer)?.weights[weightIndex] as tf.LayerVariable;
    const shape = weight.shape as number[];
    const values = weight.read().dataSync().slice();
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const size = shape[axis] as number;
    const gone = new Set<number>();
    for (let c = 0; c < group.size; c++) {
      if (kept.includes(c)) continue;
      for (let k = 0; k < each; k++) gone.add(positions[c * each + k] as number);
    }
    values.forEach((_, i) => {
      if (gone.has(Math.floor(i / inner) % size)) values[i] = 0;
    });
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  }
  return copy;
}

/** At most six groups, from the first to the last: in a deep network the others are like them. */
const some = (groups: ChannelGroup[]) =>
  groups.filter(
    (_, i) => Math.floor((i * 6) / groups.length) !== Math.floor(((i - 1) * 6) / groups.length),
  );

const dispose = (...all: tf.LayersModel[]) => {
  for (const model of all) for (const weight of model.weights) weight.dispose();
};

/** Indices to keep: about half, in a random order. */
const half = ({ size, id }: ChannelGroup) =>
  shuffled(size, `keep ${id}`).slice(0, Math.ceil(size / 2));

describe.each(Object.keys(models))('%s', (name) => {
  test('kept channels compute what they do with the others unread', () => {
    const model = stirred((models[name] as () => tf.LayersModel)());
    const graph = channelGraph(model);
    const x = inputs(model);
    const steady = tf.memory().numTensors;
    let compared = 0;
    for (const group of some(free(graph))) {
      const together = [group.id, ...group.tied];
      const sizes = new Map(graph.groups.map((each) => [each.id, each]));
      const wanted = Object.fromEntries(
        together.map((id) => [id, half(sizes.get(id) as ChannelGroup)]),
      );
      const kept = keepChannels(model, wanted);
      const smaller = channelGraph(kept);
      for (const id of together) {
        expect(smaller.groups.find((each) => each.id === id)?.size).toBe(wanted[id]?.length);
      }
      expect(kept.countParams()).toBeLessThan(model.countParams());
      const found = predict(kept, x);
      // Dims of queries and keys are no channels anything reads: their products are compared elsewhere.
      const reads = group.slots.some(({ role }) => role === 'input') && group.tied.length === 0;
      if (reads && group.across.length === 0) {
        const quiet = silenced(model, group, wanted[group.id] as number[]);
        expect(difference(predict(quiet, x), found), group.id).toBeLessThan(
          model.layers.length * 2 ** -23,
        );
        dispose(quiet);
        compared++;
      } else expect(found.every(Number.isFinite)).toBe(true);
      dispose(kept);
    }
    const all = keepChannels(model, Object.fromEntries(free(graph).map((g) => [g.id, half(g)])));
    expect(predict(all, x).every(Number.isFinite)).toBe(true);
    dispose(all);
    expect(compared).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(steady);
    tf.dispose(x);
    dispose(model);
  });

  test('channels doubled by a matrix and merged again compute the same', () => {
    const model = stirred((models[name] as () => tf.LayersModel)());
    const graph = channelGraph(model);
    const groups = some(
      free(graph).filter(({ across, tied }) => across.length + tied.length === 0),
    );
    const x = inputs(model);
    const expected = predict(model, x);
    const bound = model.layers.length * 2 ** -22;
    for (const { id, size } of groups) {
      // Two copies of each channel, of which each is read by half; then the mean of every pair.
      const unit = (i: number, factor: number) =>
        Float32Array.from({ length: size }, (_, j) => (i === j ? factor : 0));
      const copies = Array.from({ length: 2 * size }, (_, i) => i % size);
      const double = {
        outputs: copies.map((c) => unit(c, 1)),
        inputs: copies.map((c) => unit(c, 0.5)),
      };
      const wide = mergeChannels(model, id, double);
      expect(difference(expected, predict(wide, x)), id).toBeLessThan(bound);
      const pairs = Array.from({ length: size }, (_, c) =>
        copies.map((other) => (other === c ? 0.5 : 0)),
      );
      const merged = mergeChannels(wide, id, pairs);
      // Powers of two times sums of equals: nothing is rounded.
      model.weights.forEach((weight, i) => {
        const twin = merged.weights[i] as tf.LayerVariable;
        expect(twin.read().dataSync(), `${id} ${weight.name}`).toEqual(weight.read().dataSync());
      });
      dispose(wide, merged);
    }
    tf.dispose(x);
    dispose(model);
  });
});

describe('attention', () => {
  test('fewer dims in a head give what the whole head gives with those dims of its queries at zero', () => {
    const model = stirred((models.vit as () => tf.LayersModel)());
    const graph = channelGraph(model);
    const dims = free(graph).filter(({ id }) => id.startsWith('block1_attention/query-key'));
    const values = free(graph).filter(({ id }) => id.startsWith('block1_attention/value-output'));
    const x = inputs(model);
    const kept = keepChannels(
      model,
      Object.fromEntries([...dims, ...values].map(({ id }) => [id, [2, 0, 1]])),
    );
    // Silence dim 3 of every head: of the queries by hand, of the values where the output kernel reads them.
    const quiet = permuteChannels(model, {});
    const layer = quiet.getLayer('block1_attention');
    for (const index of [0, 1, 6]) {
      const weight = layer.weights[index] as tf.LayerVariable;
      const width = index === 6 ? 8 : 1;
      const data = weight
        .read()
        .dataSync()
        .map((v, i) => (Math.floor(i / width) % 4 === 3 ? 0 : v));
      const tensor = tf.tensor(data, weight.shape as number[]);
      weight.write(tensor);
      tensor.dispose();
    }
    const bound = model.layers.length * 2 ** -23;
    expect(difference(predict(quiet, x), predict(kept, x))).toBeLessThan(bound);
  });
});

describe('mistakes', () => {
  const model = () => {
    const input = tf.input({ shape: [4] });
    const dense = tf.layers.dense({ units: 3, name: 'hidden' });
    const out = tf.layers.dense({ units: 2, name: 'out' });
    return tf.model({ inputs: input, outputs: out.apply(dense.apply(input)) as tf.SymbolicTensor });
  };

  test.each([
    [() => keepChannels(model(), 'nobody', [0]), /no channel group 'nobody'; it has .*hidden/],
    [() => keepChannels(model(), 'out', [0]), /'out' are fixed: output 'out' of the network/],
    [() => keepChannels(model(), 'hidden', [0, 3]), /channels 0 .. 2; found 3 at place 1/],
    [() => keepChannels(model(), 'hidden', [1, 1]), /found 1 twice/],
    [() => keepChannels(model(), 'hidden', []), /at least one channel/],
    [() => permuteChannels(model(), 'hidden', [0, 1]), /has 3 channels; the order holds 2/],
    [() => mergeChannels(model(), 'hidden', [[1, 0]]), /must be 1 rows of 3 values; found 1 of 2/],
    [
      () =>
        mergeChannels(model(), 'hidden', [
          [1, 0, 0],
          [2, 0, 0],
        ]),
      /depend on one another/,
    ],
    [() => mergeChannels(model(), 'hidden', [[1, Number.NaN, 0]]), /not finite/],
    [() => channelGraph(null as never), /channelGraph: expected a tf.LayersModel, got null/],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});

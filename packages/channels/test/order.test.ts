import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelGraph, channelSlices, orderChannels, permuteChannels } from '../src/index.ts';
import { apply, difference, inputs, models, predict, stirred } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Two convolutions side by side, read together: an offset for one of them. */
function sideBySide() {
  const input = tf.input({ shape: [4, 4, 2] });
  const conv = (name: string, filters: number) =>
    apply(tf.layers.conv2d({ name, filters, kernelSize: 1 }), input);
  const both = apply(tf.layers.concatenate(), [conv('a', 3), conv('b', 4)]);
  const out = apply(
    tf.layers.conv2d({ name: 'out', filters: 2, kernelSize: 1, useBias: false }),
    both,
  );
  return stirred(tf.model({ inputs: input, outputs: out }));
}

test('slices hold the positions of the group alone, behind a concatenation too', () => {
  const model = sideBySide();
  const { slices, weights, slots } = channelSlices(model, 'b');
  expect(slots.map(({ layer, weight }) => `${layer}.${weight}`)).toEqual([
    'b.kernel',
    'b.bias',
    'out.kernel',
  ]);
  const kernel = model.getLayer('out').getWeights()[0]?.dataSync() as Float32Array;
  // out.kernel is [1, 1, 7, 2]; b's channels are inputs 3 to 6.
  expect([...(slices[2]?.data ?? [])]).toEqual([...kernel.slice(6, 14)]);
  // Two kernels of 8 numbers each: every number of the bias counts as one of theirs, 2 / 16.
  expect(weights).toEqual([1 / 8, 1 / 8, 1 / 8]);
  expect(channelSlices(model, 'b', { weighting: 'per-weight' }).weights).toEqual([1, 1, 1]);
  expect(channelSlices(model, 'b', { roles: ['output'] }).slots).toHaveLength(1);
});

test('the variation is the shortest there is, and what the permuted model has', () => {
  const model = sideBySide();
  const { groups, orders, before, after } = orderChannels(model, { seed: 1 });
  expect(groups.map(({ id }) => id)).toEqual(['a', 'b']);
  const variation = (m: tf.LayersModel, id: string, order: readonly number[]) => {
    const { slices, weights } = channelSlices(m, id);
    return slices.reduce((sum, { data, shape }, s) => {
      const width = shape[1] as number;
      for (let j = 1; j < order.length; j++) {
        for (let k = 0; k < width; k++) {
          const [p, q] = [order[j - 1] as number, order[j] as number];
          sum +=
            (weights[s] as number) *
            Math.abs((data[p * width + k] as number) - (data[q * width + k] as number));
        }
      }
      return sum;
    }, 0);
  };
  const orderings = (rest: number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((x) => orderings(rest.filter((y) => y !== x)).map((o) => [x, ...o]));
  const permuted = permuteChannels(model, orders);
  for (const group of groups) {
    const identity = group.order.map((_, i) => i);
    const best = Math.min(...orderings(identity).map((order) => variation(model, group.id, order)));
    expect(group.after).toBeCloseTo(best, 5);
    expect(group.lowerBound).toBeCloseTo(best, 5);
    expect(group.before).toBeCloseTo(variation(model, group.id, identity), 5);
    expect(variation(permuted, group.id, identity)).toBeCloseTo(group.after, 5);
  }
  expect(after).toBeLessThan(before);
});

describe.each(['vit', 'resNet20', 'denseNet'])('%s', (name) => {
  test('in the order found computes the same; a second search finds nothing to gain; nothing leaks', () => {
    const model = stirred((models[name] as () => tf.LayersModel)());
    const steady = tf.memory().numTensors;
    const first = orderChannels(model, { seed: 3 });
    expect(tf.memory().numTensors).toBe(steady);
    expect(orderChannels(model, { seed: 3 })).toEqual(first);
    for (const group of first.groups) {
      expect(group.after).toBeLessThanOrEqual(group.before);
      expect(group.lowerBound).toBeLessThanOrEqual(group.after * (1 + 1e-6));
    }
    const ordered = permuteChannels(model, first.orders);
    const x = inputs(model);
    expect(difference(predict(model, x), predict(ordered, x))).toBeLessThan(
      model.layers.length * 2 ** -23,
    );
    const second = orderChannels(ordered, { seed: 3 });
    expect(second.before).toBeCloseTo(first.after, 3);
    const random = orderChannels(model, { method: 'random', seed: 3 });
    expect(random.after).toBeGreaterThan(first.after);
  });
});

test('rows of your own may be compared, and mistakes are named', () => {
  const model = sideBySide();
  const rows = { data: Float32Array.of(0, 5, 1, 4), shape: [4, 1], axis: 0 };
  const { orders } = orderChannels(model, { groups: ['b'], slices: () => [rows] });
  expect([
    [0, 2, 3, 1],
    [1, 3, 2, 0],
  ]).toContainEqual(orders.b);
  const { groups } = channelGraph(model);
  expect(groups.map(({ id }) => id)).toEqual(
    ['input', 'a', 'b', 'out'].map((id, i) => (i === 0 ? groups[0]?.id : id)),
  );
  expect(() => orderChannels(model, { groups: ['out'] })).toThrow(/'out' is fixed: output 'out'/);
  expect(() => orderChannels(model, { groups: ['c'] })).toThrow(/'c' is unknown/);
  expect(() => orderChannels(model, { sed: 1 } as never)).toThrow(/unknown option 'sed'/);
  expect(() => orderChannels(model, { method: 'best' as never })).toThrow(/'tsp' or 'random'/);
  expect(() => channelSlices(model, 'c')).toThrow(/no channel group 'c'/);
});

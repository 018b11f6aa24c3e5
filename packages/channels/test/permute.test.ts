import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelGraph, permuteChannels } from '../src/index.ts';
import { difference, inputs, models, predict, shuffled, stirred } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

describe.each(Object.keys(models))('%s', (name) => {
  test('computes the same with every group in another order, each alone and all at once', () => {
    const model = stirred((models[name] as () => tf.LayersModel)());
    const { groups, untracked } = channelGraph(model);
    expect(untracked).toEqual([]);
    const free = groups.filter(({ fixed, size }) => fixed === undefined && size > 1);
    expect(free.length).toBeGreaterThan(0);
    const x = inputs(model);
    const expected = predict(model, x);
    const steady = tf.memory().numTensors;
    const check = (orders: Record<string, number[]>) => {
      const permuted = permuteChannels(model, orders);
      const found = difference(expected, predict(permuted, x));
      const moved = permuted.weights.some((weight, i) => {
        const before = (model.weights[i] as tf.LayerVariable).read().dataSync();
        return weight
          .read()
          .dataSync()
          .some((value, j) => value !== before[j]);
      });
      for (const weight of permuted.weights) weight.dispose();
      return { found, moved };
    };
    const orders = Object.fromEntries(free.map(({ id, size }) => [id, shuffled(size, id)]));
    // Sums in another order round differently: one unit in the last place a layer, against the largest output.
    const bound = model.layers.length * 2 ** -23;
    for (const { id, size } of free) {
      const order = shuffled(size, id);
      const { found, moved } = check({ [id]: order });
      expect(found, id).toBeLessThan(bound);
      expect(moved, id).toBe(order.some((from, to) => from !== to));
    }
    expect(check(orders).found).toBeLessThan(bound);
    expect(tf.memory().numTensors).toBe(steady);
    tf.dispose(x);
    for (const weight of model.weights) weight.dispose();
  });
});

import { multiHeadAttentionLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelGraph, costs, costsOf, keepChannels } from '../src/index.ts';
import { apply, models } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

const of = (layer: tf.layers.Layer, ...shapes: number[][]) => {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  const x = inputs.length === 1 ? (inputs[0] as tf.SymbolicTensor) : inputs;
  return costs(tf.model({ inputs, outputs: apply(layer, x) }));
};

describe('layer by layer, against sums done by hand', () => {
  test.each<[string, tf.layers.Layer, number[][], number, number, number]>([
    // 3 x 3 x 3 x 8 weights and 8 biases; 6 x 6 positions.
    ['conv2d', tf.layers.conv2d({ filters: 8, kernelSize: 3 }), [[8, 8, 3]], 224, 7776, 288],
    // Channels first: the same.
    [
      'conv2d, channels first',
      tf.layers.conv2d({ filters: 8, kernelSize: 3, dataFormat: 'channelsFirst' }),
      [[3, 8, 8]],
      224,
      7776,
      288,
    ],
    // 2 x 2 x 5 x 3 weights and 5 biases; each of 4 x 4 inputs meets all of a 2 x 2 window.
    [
      'conv2dTranspose',
      tf.layers.conv2dTranspose({ filters: 5, kernelSize: 2, strides: 2 }),
      [[4, 4, 3]],
      65,
      960,
      320,
    ],
    // 3 x 3 x 4 x 2 weights and 8 biases; 4 x 4 positions.
    [
      'depthwise',
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
      [[6, 6, 4]],
      80,
      1152,
      128,
    ],
    // 9 x 4 + 4 x 6 weights and 6 biases; 4 x 4 positions.
    [
      'separable',
      tf.layers.separableConv2d({ filters: 6, kernelSize: 3 }),
      [[6, 6, 4]],
      66,
      960,
      96,
    ],
    ['dense', tf.layers.dense({ units: 3 }), [[4]], 15, 12, 3],
    ['dense on tokens', tf.layers.dense({ units: 3 }), [[5, 4]], 15, 60, 15],
    [
      'each of seven steps',
      tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3 }) }),
      [[7, 4]],
      15,
      84,
      21,
    ],
    ['conv1d', tf.layers.conv1d({ filters: 2, kernelSize: 3 }), [[8, 4]], 26, 144, 12],
    ['batch norm', tf.layers.batchNormalization(), [[4, 4, 2]], 8, 0, 32],
    // 4 projections of 4 x 6; 3 tokens: 3 x 96, and twice 3 x 3 x 6 for scores and sums.
    ['attention', multiHeadAttentionLayer({ heads: 2, headDim: 3 }), [[3, 4]], 118, 396, 12],
    ['lstm', tf.layers.lstm({ units: 2 }) as tf.layers.Layer, [[5, 3]], 48, 200, 2],
    [
      'dot',
      tf.layers.dot({ axes: 2 }),
      [
        [2, 3],
        [4, 3],
      ],
      0,
      24,
      8,
    ],
    [
      'add',
      tf.layers.add(),
      [
        [2, 3],
        [2, 3],
      ],
      0,
      0,
      6,
    ],
  ])('%s', (_, layer, shapes, parameters, multiplyAdds, activations) => {
    expect(of(layer, ...shapes)).toMatchObject({ parameters, multiplyAdds, activations });
  });

  test('an unknown layer has parameters and no known work', () => {
    const layer = tf.layers.bidirectional({
      layer: tf.layers.lstm({ units: 2 }) as tf.RNN,
      mergeMode: 'concat',
    });
    expect(of(layer, [5, 3])).toMatchObject({ parameters: 96, multiplyAdds: null, activations: 4 });
  });
});

test('a shared layer stores once and computes twice; the peak counts what is alive at once', () => {
  const [a, b] = [tf.input({ shape: [10] }), tf.input({ shape: [10] })];
  const shared = tf.layers.dense({ units: 4, useBias: false });
  const sum = apply(tf.layers.add(), [apply(shared, a), apply(shared, b)]);
  const found = costs(tf.model({ inputs: [a, b], outputs: sum }));
  expect(found).toMatchObject({ parameters: 40, multiplyAdds: 80, activations: 12 });
  // Both inputs and one result at most: 10 + 10 + 4, and then 10 + 4 + 4.
  expect(found.peakActivations).toBe(24);
});

test.each(Object.keys(models))(
  '%s: costs foretold at other sizes are those of the model kept',
  (name) => {
    const model = (models[name] as () => tf.LayersModel)();
    const { groups } = channelGraph(model);
    const free = groups.filter(({ fixed, size }) => fixed === undefined && size > 1);
    const sizes = Object.fromEntries(free.map(({ id, size }) => [id, Math.ceil(size / 2)]));
    const kept = keepChannels(
      model,
      Object.fromEntries(
        free.map(({ id }) => [id, Array.from({ length: sizes[id] as number }, (_, i) => i)]),
      ),
    );
    const foretold = costsOf(model)(sizes);
    expect(foretold).toEqual(costs(kept));
    expect(foretold.parameters).toBe(kept.countParams());
    // Nobody knows how many pixels an image of any size has.
    if (name === 'superResolutionAnySize') expect(foretold.multiplyAdds).toBeNull();
    else expect(foretold.multiplyAdds).toBeGreaterThan(0);
  },
);

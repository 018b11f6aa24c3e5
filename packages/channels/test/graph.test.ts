import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { channelGraph } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

test('a convolution, its norm and the dense layer behind a flatten share their channels', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [6, 6, 3] }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ name: 'head', units: 2 }),
    ],
  });
  const { groups, untracked } = channelGraph(model);
  expect(untracked).toEqual([]);
  expect(groups.map(({ size, fixed }) => [size, fixed !== undefined])).toEqual([
    [3, true],
    [4, false],
    [2, true],
  ]);
  const head = groups[1]?.slots.find(({ layer }) => layer === 'head');
  // Behind the flatten, channel c of pixel p is input 4 p + c.
  expect([...(head?.positions ?? [])]).toEqual(
    [0, 1, 2, 3].flatMap((c) => Array.from({ length: 16 }, (_, p) => 4 * p + c)),
  );
  model.dispose();
});

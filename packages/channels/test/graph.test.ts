import { pixelShuffleLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { channelGraph, keepChannels } from '../src/index.ts';

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

/** A dense layer under another name. */
const named = (className: string) => {
  class Other extends tf.layers.Layer {
    static readonly className = className;
    override computeOutputShape(shape: tf.Shape): tf.Shape {
      return shape;
    }
    override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
      return x;
    }
  }
  const layer = new Other({ name: 'other' });
  return tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: 3, inputShape: [2] }),
      layer,
      tf.layers.dense({ name: 'b', units: 4 }),
      tf.layers.dense({ name: 'c', units: 1 }),
    ],
  });
};

test('a layer nobody knows is named, and what it touches is fixed', () => {
  const { groups, untracked } = channelGraph(named('Mystery'));
  expect(untracked).toEqual([
    { layer: 'other', className: 'Mystery', reason: 'there is no rule for its class' },
  ]);
  const a = groups.find(({ id }) => id === 'a');
  expect(a?.fixed).toMatch(/'other' \(Mystery\) is not followed: there is no rule/);
  expect(groups.find(({ id }) => id === 'b')?.fixed).toBeUndefined();
});

test('a masked model is refused with what to do', () => {
  expect(() => channelGraph(named('PleatMaskedDense'))).toThrow(
    /layer 'other' is masked \(PleatMaskedDense\).*bake the model first/,
  );
});

test.each([
  ['Bidirectional', () => bidirectional()],
  ['ConvLSTM2D', () => convLstm()],
])('%s is named, and the channels around it are fixed', (className, make) => {
  const model = make();
  const { groups, untracked } = channelGraph(model);
  expect(untracked).toEqual([
    { layer: 'other', className, reason: 'there is no rule for its class' },
  ]);
  expect(groups.find(({ id }) => /before$/.test(id))?.fixed).toMatch(/'other'/);
  expect(groups.find(({ id }) => id === 'free')?.fixed).toBeUndefined();
  // No group moves what it gives to the next layer.
  const moving = groups.filter(({ fixed }) => fixed === undefined).flatMap(({ slots }) => slots);
  expect(moving.map(({ layer, role }) => `${layer} ${role}`)).not.toContain('free input');
  expect(moving.map(({ layer, role }) => `${layer} ${role}`)).toContain('last input');
  model.dispose();
});

function bidirectional(): tf.LayersModel {
  const layer = tf.layers.lstm({ units: 3 }) as tf.RNN;
  return tf.sequential({
    layers: [
      tf.layers.conv1d({ name: 'before', filters: 4, kernelSize: 1, inputShape: [5, 2] }),
      tf.layers.bidirectional({ name: 'other', layer, mergeMode: 'concat' }),
      tf.layers.dense({ name: 'free', units: 4 }),
      tf.layers.dense({ name: 'last', units: 1 }),
    ],
  });
}

function convLstm(): tf.LayersModel {
  const layer = tf.layers.conv2d({ name: 'before', filters: 4, kernelSize: 1 });
  return tf.sequential({
    layers: [
      tf.layers.timeDistributed({ name: 'each', layer, inputShape: [2, 5, 5, 2] }),
      tf.layers.convLstm2d({ name: 'other', filters: 3, kernelSize: 3 }) as tf.layers.Layer,
      tf.layers.conv2d({ name: 'free', filters: 4, kernelSize: 1 }),
      tf.layers.conv2d({ name: 'last', filters: 1, kernelSize: 1 }),
    ],
  });
}

test('a pixel shuffle gives a channel blockSize squared positions before it, by index', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv', filters: 12, kernelSize: 1, inputShape: [4, 4, 2] }),
      pixelShuffleLayer({ name: 'shuffle', blockSize: 2 }),
      tf.layers.conv2d({ name: 'last', filters: 1, kernelSize: 1 }),
    ],
  });
  const group = channelGraph(model).groups.find(({ id }) => id === 'conv');
  expect([group?.size, group?.fixed]).toEqual([3, undefined]);
  const kernel = group?.slots.find(({ layer, weight }) => layer === 'conv' && weight === 'kernel');
  // Channel k of the pixel i down and j to the right is made by filter 3 (2 i + j) + k.
  expect([...(kernel?.positions ?? [])]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  const small = keepChannels(model, 'conv', [2, 0]);
  expect(small.getLayer('conv').outputShape).toEqual([null, 4, 4, 8]);
  expect(small.getLayer('shuffle').outputShape).toEqual([null, 8, 8, 2]);
  model.dispose();
  small.dispose();
});

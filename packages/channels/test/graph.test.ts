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

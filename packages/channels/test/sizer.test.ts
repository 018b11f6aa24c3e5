import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { keepChannels, modelSizer } from '../src/index.ts';
import { models } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

test.each(Object.keys(models))(
  '%s: has at given sizes the structure of the model with those channels kept',
  (name) => {
    const model = (models[name] as () => tf.LayersModel)();
    const sizer = modelSizer(model);
    for (const { id, size, fixed, tied } of sizer.graph.groups) {
      if (fixed !== undefined || size < 3) continue;
      const sizes = Object.fromEntries([id, ...tied].map((each) => [each, size - 1]));
      const first = Array.from({ length: size - 1 }, (_, i) => i);
      let kept: tf.LayersModel;
      try {
        kept = keepChannels(
          model,
          Object.fromEntries(Object.keys(sizes).map((each) => [each, first])),
        );
      } catch {
        // A group whose channels fill no whole axis any more is refused by both.
        expect(() => sizer.build(sizes)).toThrow();
        continue;
      }
      const built = sizer.build(sizes);
      expect(built.getConfig()).toEqual(kept.getConfig());
      for (const [path, config] of sizer.configs(sizes)) {
        if (!path.includes('/')) expect(kept.getLayer(path).getConfig()).toEqual(config);
      }
      built.dispose();
      kept.dispose();
    }
  },
);

test('refuses what cannot be', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: 4, inputShape: [2] }),
      tf.layers.dense({ name: 'b', units: 1 }),
    ],
  });
  const sizer = modelSizer(model);
  expect(sizer.build({ a: 9 }).countParams()).toBe(3 * 9 + 10);
  expect(() => sizer.build({ c: 1 })).toThrow("group 'c' is not in the model");
  expect(() => sizer.build({ a: 0 })).toThrow('cannot have 0 channels');
  expect(() => sizer.build({ b: 2 })).toThrow('fixed');
  expect(() => modelSizer({} as never)).toThrow('expected a tf.LayersModel');
});

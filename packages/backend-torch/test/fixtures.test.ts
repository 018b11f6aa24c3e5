import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { bounds, fixtureErrors } from './fixtures/check.ts';
import { fixtures } from './fixtures/load.ts';
import { torchFolder } from './found.ts';

// Every kernel family against float64 PyTorch; without a libtorch on the machine these show as skipped.
describe.skipIf(torchFolder === undefined)('on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder! });
    await tf.setBackend('torch');
  });

  describe.each([...new Set(fixtures.map(({ family }) => family))])('%s', (family) => {
    for (const fixture of fixtures.filter((one) => one.family === family)) {
      test(fixture.name, () => {
        const tensors = tf.memory().numTensors;
        const { forward, gradient } = fixtureErrors(fixture);
        expect(forward).toBeLessThanOrEqual(bounds.forward);
        expect(gradient).toBeLessThanOrEqual(bounds.gradient);
        expect(tf.memory().numTensors).toBe(tensors);
      });
    }
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { chooseTorch } from '../src/locate/locate.ts';
import { fixtureErrors } from './fixtures/check.ts';
import { fixtures } from './fixtures/load.ts';

const location = await chooseTorch().catch(() => null);

// Every kernel family against float64 PyTorch; without a libtorch on the machine these show as skipped.
describe.skipIf(location === null)('on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: location!.folder });
    await tf.setBackend('torch');
  });

  describe.each([...new Set(fixtures.map(({ family }) => family))])('%s', (family) => {
    for (const fixture of fixtures.filter((one) => one.family === family)) {
      test(fixture.name, () => {
        const tensors = tf.memory().numTensors;
        const { forward, gradient } = fixtureErrors(fixture);
        expect(forward).toBeLessThanOrEqual(1e-6);
        expect(gradient).toBeLessThanOrEqual(5e-6);
        expect(tf.memory().numTensors).toBe(tensors);
      });
    }
  });
});

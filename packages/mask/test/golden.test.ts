import { readFileSync } from 'node:fs';
import { fillSign, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { decodeModel, inspectModel } from '../src/index.ts';

// Written once by the first version: any later one must read it.
const file = new Uint8Array(readFileSync(new URL('./golden/model-v1.pleat', import.meta.url)));

test('the first version’s file is read, weight by weight', async () => {
  await tf.setBackend('cpu');
  const model = await decodeModel(file);
  const { prototypes, metadata, weights } = inspectModel(file);
  expect(metadata).toEqual({ classes: ['no', 'yes'] });
  expect(model.layers.map((layer) => layer.name)).toEqual(['hidden', 'logits']);
  expect(model.layers[0]?.getConfig()).toMatchObject({ units: 5, activation: 'relu' });
  const [source] = prototypes;
  if (source === undefined || !('seed' in source))
    throw new Error('the golden prototype has a seed');
  expect(source).toMatchObject({ seed: 11, distribution: 'signed-constant', length: 11 });
  // The values once more from the random stream itself: signs times sqrt(2 / 4), repeated from the start of every layer.
  const values = fillSign(stream(source.seed, source.stream), new Float32Array(source.length), {
    magnitude: source.scale,
  });
  expect(source.scale).toBeCloseTo(Math.SQRT1_2, 6);
  // The mask that was stored keeps every weight whose index is not a multiple of 3, in both layers.
  const expected = (size: number) =>
    Array.from(
      { length: size },
      (_, i) => (values[i % source.length] as number) * (i % 3 === 0 ? 0 : 1),
    );
  const [hidden, bias, logits, offset] = model.getWeights().map((w) => [...w.dataSync()]);
  expect(hidden).toEqual(expected(20));
  expect(bias).toEqual([1, 2, 3, 4, 5]);
  expect(logits).toEqual(expected(10));
  expect(offset).toEqual([-0.5, 0.5]);
  expect(weights.map(({ kept }) => kept)).toEqual([0.65, null, 0.6, null]);
});

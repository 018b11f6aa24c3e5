import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { convMixer, countParameters, vit } from '../src/index.ts';

// Models of hundreds of megabytes: built once, only to be counted.
const image = { inputShape: [224, 224, 3] as [number, number, number], classes: 1000 };

test('ViT-B/16 has the published 86,567,656 parameters', async () => {
  await tf.setBackend('cpu');
  const model = vit({ ...image, dim: 768, depth: 12, heads: 12, patchSize: 16 });
  expect(countParameters(model)).toBe(86_567_656);
  model.dispose();
});

test('ConvMixer-1536/20 has the 51.6 M of its paper', async () => {
  await tf.setBackend('cpu');
  const size = { dim: 1536, depth: 20, kernelSize: 9, patchSize: 7 };
  const model = convMixer({ ...image, ...size, useBias: true });
  expect(countParameters(model)).toBe(51_625_960);
  model.dispose();
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import {
  convMixer,
  nin,
  type ResNetDepth,
  resNet,
  resNet18,
  type VggDepth,
  vgg,
  vit,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

test.each<[string, () => unknown, RegExp]>([
  [
    'no dim',
    () => convMixer({ depth: 2 } as never),
    /convMixer: dim must be a whole number >= 1, found undefined/,
  ],
  [
    'a flat image',
    () => convMixer({ inputShape: [28, 28] as never, dim: 4, depth: 1 }),
    /inputShape must be \[height, width, channels\], found \[28,28\]/,
  ],
  [
    'a large patch',
    () => convMixer({ inputShape: [4, 4, 1], dim: 4, depth: 1, patchSize: 5 }),
    /patch of 5 x 5 does not fit/,
  ],
  [
    'a negative seed',
    () => convMixer({ dim: 4, depth: 1, seed: -1 }),
    /seed must be a whole number >= 0, found -1/,
  ],
  [
    'another activation',
    () => convMixer({ dim: 4, depth: 1, activation: 'selu' as never }),
    /convMixer: activation must be one of gelu, gelu_new, relu, found "selu"/,
  ],
  [
    'another depth',
    () => resNet({ depth: 18 as ResNetDepth }),
    /resNet: depth must be 20, 32, 44, 56 or 110, found 18/,
  ],
  [
    'another shortcut',
    () => resNet18({ shortcut: 'C' as never }),
    /resNet18: shortcut must be 'A' or 'B', found C/,
  ],
  ['a width of none', () => nin({ width: 0 }), /nin: width must be a whole number >= 1, found 0/],
  [
    'a VGG of another depth',
    () => vgg({ depth: 12 as VggDepth }),
    /vgg: depth must be 11, 13, 16 or 19, found 12/,
  ],
  [
    'a broken width',
    () => vgg({ width: 8.5 }),
    /vgg: width must be a whole number >= 1, found 8.5/,
  ],
  [
    'patches that do not tile',
    () => vit({ inputShape: [30, 32, 3], dim: 8, depth: 1 }),
    /patches of 4 x 4 do not tile the image of 30 x 32/,
  ],
  [
    'heads that do not divide',
    () => vit({ dim: 12, depth: 1 }),
    /dim must be a multiple of heads, found dim 12 and heads 8/,
  ],
  [
    'a broken ratio',
    () => vit({ dim: 8, depth: 1, mlpRatio: 1.3 }),
    /mlpRatio \* dim must be a whole number/,
  ],
  [
    'another pooling',
    () => vit({ dim: 8, depth: 1, pooling: 'max' as never }),
    /pooling must be 'class-token' or 'mean', found "max"/,
  ],
])('refuses %s', (_title, build, message) => {
  expect(build).toThrow(RangeError);
  expect(build).toThrow(message);
});

test('the saved configuration names stock initializers alone', () => {
  for (const model of [
    convMixer({ dim: 4, depth: 1 }),
    resNet({ width: 2 }),
    nin({ width: 4 }),
    vgg({ width: 2 }),
    vit({ dim: 8, depth: 1 }),
  ]) {
    const named = JSON.stringify(model.getConfig()).matchAll(
      /[iI]nitializer":\{"className":"(\w+)"/g,
    );
    const classes = new Set([...named].map(([, className]) => className!));
    expect(classes.size).toBeGreaterThan(0);
    for (const className of classes) {
      expect(['RandomNormal', 'RandomUniform', 'Zeros']).toContain(className);
    }
    model.dispose();
  }
});

test('kernels start with the spread their scheme promises', () => {
  const spread = (model: tf.LayersModel, layer: string) => {
    const values = model.getLayer(layer).weights[0]!.read().dataSync<'float32'>();
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    return { deviation: Math.sqrt(square), largest: Math.max(...values.map(Math.abs)) };
  };
  // 36,864 values: the deviation of a sample's deviation is 0.4 %.
  const residual = resNet({ depth: 20 });
  const kaiming = spread(residual, 'stage3_block3_conv2').deviation;
  expect(kaiming / Math.sqrt(2 / (9 * 64))).toBeCloseTo(1, 1.5);
  residual.dispose();
  const network = nin({ width: 48 });
  const fanIn = spread(network, 'stage2_conv').deviation;
  expect(fanIn / Math.sqrt(2 / (25 * 24))).toBeCloseTo(1, 1.5);
  network.dispose();
  const mixer = convMixer({ dim: 64, depth: 1, kernelSize: 5 });
  expect(spread(mixer, 'block1_depthwise').largest).toBeLessThanOrEqual(1 / 5);
  expect(spread(mixer, 'block1_depthwise').largest).toBeGreaterThan(0.99 / 5);
  expect(spread(mixer, 'block1_pointwise').deviation * 8 * Math.sqrt(3)).toBeCloseTo(1, 1.5);
  mixer.dispose();
  const transformer = vit({ dim: 64, depth: 1 });
  expect(spread(transformer, 'block1_mlp1').deviation / 0.02).toBeCloseTo(1, 1.5);
  expect(spread(transformer, 'block1_attention').deviation / 0.02).toBeCloseTo(1, 1.3);
  transformer.dispose();
});

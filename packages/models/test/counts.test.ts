import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ConvMixerOptions,
  convMixer,
  countParameters,
  nin,
  type ResNetDepth,
  resNet,
  resNet18,
  type VggDepth,
  type VitOptions,
  vgg,
  vit,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Builds, counts, disposes. */
function count(model: tf.LayersModel): number {
  const parameters = countParameters(model);
  model.dispose();
  return parameters;
}

describe('residual networks', () => {
  // Derived by hand. A block of w channels: two 3 x 3 kernels, 18 w^2, and two norms, 4 w. The first block of a
  // later stage takes w / 2 channels: its first kernel is 9 w^2 / 2.
  const stage = (width: number, blocks: number, first: number) =>
    blocks * (18 * width ** 2 + 4 * width) - (9 * width ** 2 - 9 * width * first);
  const cifar = (depth: number, classes: number) => {
    const n = (depth - 2) / 6;
    const stem = 27 * 16 + 2 * 16;
    return stem + stage(16, n, 16) + stage(32, n, 16) + stage(64, n, 32) + 65 * classes;
  };

  // The second column is table 6 of He et al. 2016, in millions.
  test.each([
    [20, 0.27, 2],
    [32, 0.46, 2],
    [44, 0.66, 2],
    [56, 0.85, 2],
    [110, 1.7, 1],
  ] as const)('ResNet-%i has the %f M of the paper', (depth: ResNetDepth, millions, digits) => {
    const parameters = count(resNet({ depth }));
    expect(parameters).toBe(cifar(depth, 10));
    expect((parameters / 1e6).toFixed(digits)).toBe(millions.toFixed(digits));
  });

  test('ResNet-20 has the published 269,722, and its formula depends on the classes alone', () => {
    expect(cifar(20, 10)).toBe(269_722);
    expect(count(resNet({ depth: 20, classes: 100 }))).toBe(cifar(20, 100));
  });

  test('shortcut B adds two 1 x 1 convolutions with their norms', () => {
    const added = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
    expect(count(resNet({ depth: 20, shortcut: 'B' }))).toBe(cifar(20, 10) + added);
  });

  test('ResNet-18 has the 11.17 M of its usual CIFAR form', () => {
    expect(count(resNet18())).toBe(11_173_962);
  });
});

describe('network in network', () => {
  // Layer by layer, as inputs, taps, outputs; each output has a bias.
  const layers = (width: number, second: number, third: number, classes: number) =>
    [
      [3, 25, width],
      [width, 1, second],
      [second, 1, third],
      [third, 25, width],
      [width, 1, width],
      [width, 1, width],
      [width, 9, width],
      [width, 1, width],
      [width, 1, classes],
    ] as const;
  const sum = (of: ReturnType<typeof layers>) =>
    of.reduce((total, [inputs, taps, outputs]) => total + (inputs * taps + 1) * outputs, 0);

  test('it has the published 966,986 parameters of the CIFAR-10 form', () => {
    expect(sum(layers(192, 160, 96, 10))).toBe(966_986);
    expect(count(nin())).toBe(966_986);
  });

  test('a narrower one keeps the proportions, and batch norm trades a bias for a scale and a shift', () => {
    const narrow = sum(layers(48, 40, 24, 100));
    expect(count(nin({ width: 48, classes: 100 }))).toBe(narrow);
    const hidden = 48 * 6 + 40 + 24;
    expect(count(nin({ width: 48, classes: 100, batchNorm: true }))).toBe(narrow + hidden);
  });
});

describe('VGG', () => {
  const dense = (from: number, to: number) => (from + 1) * to;
  // What the paper's networks put behind their convolutions: 7 x 7 x 512 -> 4096 -> 4096 -> 1000.
  const head = dense(25_088, 4096) + dense(4096, 4096) + dense(4096, 1000);

  // Parameters of the paper's table 2 in millions; the exact counts as published with the models of torchvision, which have biases and no norms.
  test.each([
    [11, 133, 132_863_336],
    [13, 133, 133_047_848],
    [16, 138, 138_357_544],
    [19, 144, 143_667_240],
  ] as const)(
    'the convolutions of VGG-%i are those of the %i M network',
    (depth: VggDepth, millions, published) => {
      expect(Math.round(published / 1e6)).toBe(millions);
      const channels = [1, 1, 2, 2, 4, 4, 8, 8, 8, 8].map((multiple) => 64 * multiple);
      const extra = { 11: 0, 13: 0, 16: 64 * (4 + 8 + 8), 19: 64 * 2 * (4 + 8 + 8) }[depth];
      const all = channels.reduce((a, b) => a + b) - (depth === 11 ? 64 + 128 : 0) + extra;
      const withBiases = published - head + 2 * all + dense(512, 10);
      expect(count(vgg({ depth, useBias: true }))).toBe(withBiases);
      expect(count(vgg({ depth }))).toBe(withBiases - all);
    },
  );

  test('VGG-11 by hand, at a quarter of the width', () => {
    const sizes = [3, 16, 32, 64, 64, 128, 128, 128, 128];
    const hand = sizes
      .slice(1)
      .reduce((total, outputs, i) => total + 9 * sizes[i]! * outputs + 2 * outputs, 0);
    expect(count(vgg({ width: 16 }))).toBe(hand + dense(128, 10));
    expect(hand + dense(128, 10)).toBe(579_098);
  });
});

describe('ConvMixer', () => {
  // Trockman and Kolter 2023, appendix D: h [d (k^2 + h + 6) + c_in p^2 + n_classes + 3] + n_classes.
  const formula = (
    o: Required<Pick<ConvMixerOptions, 'dim' | 'depth' | 'kernelSize' | 'patchSize'>>,
    n: number,
  ) => o.dim * (o.depth * (o.kernelSize ** 2 + o.dim + 6) + 3 * o.patchSize ** 2 + n + 3) + n;

  // ImageNet models of the paper's table 1, in millions, and the CIFAR-10 model of its section on it.
  test.each([
    [1024, 20, 9, 14, 1000, 24.4],
    [768, 32, 7, 7, 1000, 21.1],
    [256, 8, 5, 1, 10, 0.6],
  ])(
    '%i/%i, kernel %i, patch %i, %i classes has the %f M of the paper',
    (dim, depth, kernelSize, patchSize, classes, millions) => {
      const side = classes === 10 ? 32 : 224;
      const options = { dim, depth, kernelSize, patchSize };
      const parameters = count(
        convMixer({ ...options, classes, inputShape: [side, side, 3], useBias: true }),
      );
      expect(parameters).toBe(formula(options, classes));
      expect((parameters / 1e6).toFixed(1)).toBe(millions.toFixed(1));
    },
  );

  test('without biases it has one less for each channel of its 2 d + 1 convolutions', () => {
    const options = { dim: 24, depth: 3, kernelSize: 5, patchSize: 2 };
    expect(count(convMixer(options))).toBe(formula(options, 10) - 24 * 7);
  });
});

describe('ViT', () => {
  /** Sums the tensors of Dosovitskiy et al. 2021, equations 1 to 4, one by one. */
  function formula(o: Required<Omit<VitOptions, 'seed' | 'heads' | 'inputShape'>>, side: number) {
    const token = o.pooling === 'class-token' ? 1 : 0;
    const tokens = (side / o.patchSize) ** 2 + token;
    const linear = (from: number, to: number) => from * to + to;
    const block =
      2 * (2 * o.dim) +
      4 * linear(o.dim, o.dim) +
      linear(o.dim, o.mlpRatio * o.dim) +
      linear(o.mlpRatio * o.dim, o.dim);
    const embedding = linear(3 * o.patchSize ** 2, o.dim) + (token + tokens) * o.dim;
    return embedding + o.depth * block + 2 * o.dim + linear(o.dim, o.classes);
  }

  // DeiT (Touvron et al. 2021), table 1, to the last parameter as published with the models.
  test.each([
    [192, 3, 5_717_416],
    [384, 6, 22_050_664],
  ])('width %i with %i heads has the %i parameters of DeiT', (dim, heads, published) => {
    const options = { dim, depth: 12, patchSize: 16, classes: 1000 };
    expect(count(vit({ ...options, heads, inputShape: [224, 224, 3] }))).toBe(published);
    expect(formula({ ...options, mlpRatio: 4, pooling: 'class-token' }, 224)).toBe(published);
  });

  test('the formula gives the published count of ViT-B/16', () => {
    const base = { dim: 768, depth: 12, patchSize: 16, classes: 1000, mlpRatio: 4 };
    expect(formula({ ...base, pooling: 'class-token' }, 224)).toBe(86_567_656);
  });

  test.each(['class-token', 'mean'] as const)(
    'the CIFAR form with %s follows the formula',
    (pooling) => {
      const options = { dim: 48, depth: 2, patchSize: 4, mlpRatio: 2, classes: 10, pooling };
      expect(count(vit({ ...options, heads: 4 }))).toBe(formula(options, 32));
    },
  );
});

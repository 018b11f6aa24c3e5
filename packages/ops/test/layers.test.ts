import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  batchNorm,
  classTokenLayer,
  firstTokenLayer,
  geluLayer,
  globalAveragePoolLayer,
  layerNormLayer,
  multiHeadAttention,
  multiHeadAttentionLayer,
  PleatMultiHeadAttentionLayer,
  pixelShuffle,
  pixelShuffleLayer,
  positionEmbeddingLayer,
  softmaxCrossEntropy,
  toStandardLayer,
} from '../src/index.ts';
import { values } from './reference.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function input(...shape: number[]): tf.Tensor {
  return tf.tensor(values(5, tf.util.sizeFromShape(shape)), shape);
}

/** Gives every weight other values than its initial ones, variances above zero. */
function stir(model: tf.LayersModel): void {
  model.setWeights(
    model
      .getWeights()
      .map((weight, i) => tf.tensor(values(i + 50, weight.size, 0.2, 1), weight.shape)),
  );
}

async function reload(model: tf.LayersModel): Promise<tf.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  // Through text, as a file would go.
  const modelTopology = JSON.parse(JSON.stringify(saved!.modelTopology));
  return tf.loadLayersModel(tf.io.fromMemory({ ...saved!, modelTopology }));
}

/** Without absent values, which JSON turns from undefined to null. */
function configurations(model: tf.LayersModel): unknown {
  const configs = model.layers.map((layer) => layer.getConfig());
  return JSON.parse(JSON.stringify(configs, (_, value) => value ?? undefined));
}

function convolutional(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 6, kernelSize: 3, inputShape: [6, 6, 2] }),
      geluLayer({ approximate: true }),
      batchNorm({ momentum: 0.8, epsilon: 1e-3, center: false }),
      geluLayer(),
      batchNorm({ scale: false }),
      globalAveragePoolLayer(),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

function transformer(): tf.LayersModel {
  const x = tf.input({ shape: [4, 6] });
  let y = classTokenLayer().apply(x) as tf.SymbolicTensor;
  y = positionEmbeddingLayer({ initializer: 'randomNormal' }).apply(y) as tf.SymbolicTensor;
  const normed = layerNormLayer({ epsilon: 1e-6, center: false }).apply(y);
  const attended = multiHeadAttentionLayer({
    heads: 2,
    headDim: 4,
    kernelInitializer: tf.initializers.heNormal({ seed: 7 }),
  }).apply(normed) as tf.SymbolicTensor;
  y = tf.layers.add().apply([y, attended]) as tf.SymbolicTensor;
  y = firstTokenLayer().apply(y) as tf.SymbolicTensor;
  y = tf.layers.dense({ units: 3 }).apply(y) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: y });
}

describe.each([
  ['Sequential', convolutional, [5, 6, 6, 2]],
  ['functional', transformer, [5, 4, 6]],
] as const)('a %s model', (_, make, shape) => {
  test('saves and loads with all options and weights', async () => {
    const model = make();
    stir(model);
    const loaded = await reload(model);
    const x = input(...shape);
    expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(
      (model.predict(x) as tf.Tensor).dataSync(),
    );
    expect(configurations(loaded)).toEqual(configurations(model));
  });

  test('trains by model.fit: the loss falls and no tensor is left over', async () => {
    const model = make();
    model.compile({
      optimizer: tf.train.adam(0.02),
      loss: (labels, logits) => softmaxCrossEntropy(labels, logits, { labelSmoothing: 0.1 }),
    });
    const x = input(12, ...shape.slice(1));
    const y = tf.oneHot([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], 3);
    const first = await model.fit(x, y, { epochs: 2, batchSize: 6, verbose: 0 });
    const before = tf.memory().numTensors;
    const second = await model.fit(x, y, { epochs: 6, batchSize: 6, verbose: 0 });
    expect(tf.memory().numTensors).toBe(before);
    expect(second.history.loss!.at(-1)).toBeLessThan(first.history.loss![0] as number);
  });
});

describe('batchNorm', () => {
  const x = tf.tensor2d([1, 10, 3, 20, 5, 60], [3, 2]);
  const single = () => {
    const layer = batchNorm({ momentum: 0.75, inputShape: [2] });
    return { layer, model: tf.sequential({ layers: [layer] }) };
  };

  test('moves its statistics when training, and only then', () => {
    const { layer, model } = single();
    model.predict(x);
    model.apply(x, { training: false });
    expect([...layer.movingMean.read().dataSync()]).toEqual([0, 0]);
    model.apply(x, { training: true });
    // 0.75 of (0, 1) and 0.25 of the batch's mean (3, 30) and biased variance (8/3, 1400/3).
    expect([...layer.movingMean.read().dataSync()]).toEqual([0.75, 7.5]);
    const variance = layer.movingVariance.read().dataSync();
    expect(variance[0]).toBeCloseTo(0.75 + 8 / 12, 5);
    expect(variance[1]).toBeCloseTo(0.75 + 1400 / 12, 3);
  });

  test('moves them under tf.variableGrads too, without leaving tensors', () => {
    const { layer, model } = single();
    const step = () => {
      const { value, grads } = tf.variableGrads(() =>
        (model.apply(x, { training: true }) as tf.Tensor).square().mean(),
      );
      expect(Object.keys(grads)).toHaveLength(2);
      tf.dispose([value, ...Object.values(grads)]);
    };
    step();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 20; i++) step();
    expect(tf.memory().numTensors).toBe(before);
    expect(layer.movingMean.read().dataSync()[0]).toBeCloseTo(3 * (1 - 0.75 ** 21), 5);
    model.dispose();
  });

  test.each([
    [{}, ['gamma', 'beta', 'moving_mean', 'moving_variance']],
    [{ center: false }, ['gamma', 'moving_mean', 'moving_variance']],
    [{ scale: false }, ['beta', 'moving_mean', 'moving_variance']],
  ])('with %o has the weights %j', (options, names) => {
    const layer = batchNorm({ ...options, inputShape: [4] });
    tf.sequential({ layers: [layer] });
    expect(layer.weights.map(({ originalName }) => originalName.split('/').at(-1))).toEqual(names);
  });
});

describe('multiHeadAttentionLayer', () => {
  const build = (options: Partial<Parameters<typeof multiHeadAttentionLayer>[0]> = {}) => {
    const layer = multiHeadAttentionLayer({ heads: 2, inputShape: [3, 4], ...options });
    return { layer, model: tf.sequential({ layers: [layer] }) };
  };

  test('names its weights and is the function on them', () => {
    const { layer, model } = build();
    stir(model);
    expect(layer.weights.map(({ originalName }) => originalName.split('/').at(-1))).toEqual([
      'query_kernel',
      'query_bias',
      'key_kernel',
      'key_bias',
      'value_kernel',
      'value_bias',
      'output_kernel',
      'output_bias',
    ]);
    const [
      queryKernel,
      queryBias,
      keyKernel,
      keyBias,
      valueKernel,
      valueBias,
      outputKernel,
      outputBias,
    ] = model.getWeights() as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const x = input(2, 3, 4) as tf.Tensor3D;
    const wanted = multiHeadAttention(
      x,
      {
        queryKernel,
        queryBias,
        keyKernel,
        keyBias,
        valueKernel,
        valueBias,
        outputKernel,
        outputBias,
      },
      { heads: 2 },
    );
    expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(wanted.dataSync());
  });

  test('computes with what a replaced kernel reads as', () => {
    const { layer, model } = build({ useBias: false });
    const x = input(2, 3, 4);
    const plain = (model.predict(x) as tf.Tensor).dataSync();
    const own = layer.outputKernel;
    const masked = { read: () => own.read().mul(2) };
    layer.outputKernel = masked as unknown as tf.LayerVariable;
    const doubled = (model.predict(x) as tf.Tensor).dataSync();
    expect([...doubled]).toEqual([...plain].map((v) => Math.fround(2 * v)));
  });

  test('draws the same weights from the same seed', () => {
    const kernelInitializer = () => tf.initializers.glorotUniform({ seed: 3 });
    const [a, b] = [kernelInitializer(), kernelInitializer()].map((kernelInitializer) =>
      build({ kernelInitializer }).layer.queryKernel.read().dataSync(),
    );
    expect(a).toEqual(b);
  });

  test('refuses heads that do not divide the width', () => {
    expect(() => build({ heads: 3 })).toThrow(/expected heads to divide the width 4, got 3/);
  });

  test('is found by its class', () => {
    expect(build().model.layers[0]).toBeInstanceOf(PleatMultiHeadAttentionLayer);
  });
});

describe('toStandardLayer', () => {
  test('has none for the tanh form, because tfjs cannot read its own gelu_new back from JSON', async () => {
    const layer = geluLayer({ approximate: true });
    const json = { className: layer.getClassName(), config: layer.getConfig() };
    expect(toStandardLayer(json)).toBeNull();
    const stock = tf.sequential({
      layers: [tf.layers.activation({ activation: 'gelu_new', inputShape: [2] })],
    });
    await expect(reload(stock)).rejects.toThrow('Unknown activation: geluNew');
  });

  test.each([
    ['gelu', () => geluLayer({ inputShape: [3, 3, 4] })],
    ['batchNorm', () => batchNorm({ inputShape: [3, 3, 4] })],
    ['batchNorm without scale', () => batchNorm({ scale: false, inputShape: [3, 3, 4] })],
    [
      'batchNorm without centre',
      () => batchNorm({ center: false, epsilon: 0.1, inputShape: [3, 3, 4] }),
    ],
    ['layerNorm', () => layerNormLayer({ inputShape: [9, 4] })],
    ['layerNorm without centre', () => layerNormLayer({ center: false, inputShape: [9, 4] })],
    ['globalAveragePool', () => globalAveragePoolLayer({ inputShape: [3, 3, 4] })],
  ])('%s: the stock layer computes the same from the same list of weights', (_, make) => {
    const layer = make();
    const model = tf.sequential({ layers: [layer] });
    stir(model);
    const json = { className: layer.getClassName(), config: layer.getConfig() };
    const standard = toStandardLayer(JSON.parse(JSON.stringify(json)))!;
    expect(standard.className).not.toMatch(/^Pleat/);

    const topology = {
      class_name: 'Sequential',
      config: {
        name: 'stock',
        layers: [{ class_name: standard.className, config: snake(standard.config) }],
      },
    };
    return tf.loadLayersModel(tf.io.fromMemory({ modelTopology: topology })).then((stock) => {
      stock.setWeights(model.getWeights());
      const x = input(2, ...(layer.batchInputShape.slice(1) as number[]));
      const wanted = (stock.predict(x) as tf.Tensor).dataSync();
      (model.predict(x) as tf.Tensor).dataSync().forEach((v, i) => {
        expect(v).toBeCloseTo(wanted[i]!, 5);
      });
    });
  });

  test.each(['Dense', 'PleatMultiHeadAttention', 'toString'])('has none for %s', (className) => {
    expect(toStandardLayer({ className, config: {} })).toBeNull();
  });
});

/** Keras' spelling of a configuration's keys, which model JSON uses. */
function snake(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const spell = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [spell(key), value]));
}

describe('pixelShuffle', () => {
  test.each([1, 2, 3])('lays channels out by their indices, blocks of %i', (r) => {
    const [n, h, w, c] = [2, 3, 4, 2];
    const x = input(n, h, w, c * r * r);
    const y = pixelShuffle(x as tf.Tensor4D, r);
    expect(y.shape).toEqual([n, h * r, w * r, c]);
    const [from, to] = [x.dataSync(), y.dataSync()];
    let at = 0;
    for (let b = 0; b < n; b++) {
      for (let row = 0; row < h * r; row++) {
        for (let column = 0; column < w * r; column++) {
          for (let k = 0; k < c; k++) {
            const pixel = (b * h + Math.floor(row / r)) * w + Math.floor(column / r);
            const channel = ((row % r) * r + (column % r)) * c + k;
            expect(to[at++]).toBe(from[pixel * c * r * r + channel]);
          }
        }
      }
    }
    if (r > 1) expect(to).toEqual(tf.depthToSpace(x as tf.Tensor4D, r, 'NHWC').dataSync());
  });

  test('sends gradients back to where values came from', () => {
    const x = input(1, 2, 2, 8) as tf.Tensor4D;
    const weights = input(1, 4, 4, 2);
    const dx = tf.grad((z) =>
      pixelShuffle(z as tf.Tensor4D, 2)
        .mul(weights)
        .sum(),
    )(x) as tf.Tensor4D;
    expect(pixelShuffle(dx, 2).dataSync()).toEqual(weights.dataSync());
  });

  test('is a layer that saves, loads and takes images of any size', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 27, kernelSize: 1, inputShape: [null, null, 2] as never }),
        pixelShuffleLayer({ blockSize: 3, name: 'shuffle' }),
      ],
    });
    expect(model.outputShape).toEqual([null, null, null, 3]);
    const loaded = await reload(model);
    const x = input(2, 4, 5, 2);
    const before = tf.memory().numTensors;
    const [y, again] = [model.predict(x) as tf.Tensor, loaded.predict(x) as tf.Tensor];
    expect(y.shape).toEqual([2, 12, 15, 3]);
    expect(again.dataSync()).toEqual(y.dataSync());
    tf.dispose([y, again]);
    expect(tf.memory().numTensors).toBe(before);
    expect(configurations(loaded)).toEqual(configurations(model));
  });

  test('refuses blocks and channels that do not come out even', () => {
    expect(() => pixelShuffleLayer({ blockSize: 1.5 })).toThrow(/blockSize.*got 1.5/);
    expect(() => pixelShuffle(tf.zeros([1, 2, 2, 6]), 2)).toThrow(/multiple of 4 channels.*got 6/);
    expect(() => pixelShuffle(tf.zeros([2, 2, 4]) as never, 2)).toThrow(/\[n, h, w, channels\]/);
    const layer = pixelShuffleLayer({ blockSize: 2, inputShape: [2, 2, 6] });
    expect(() => tf.sequential({ layers: [layer] })).toThrow(/multiple of 4 channels/);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bake,
  decodeModel,
  encodeModel,
  inspectModel,
  isScore,
  type MaskOptions,
  maskModel,
  recomputeNorms,
} from '../src/index.ts';
import { convMixer, convNet, inputs, models, nested, predict } from './models.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const weights = (model: tf.LayersModel) => model.getWeights().map((w) => [...w.dataSync()]);
const normal = { distribution: 'kaiming-normal', rescale: 'fan-in', offset: 'running' } as const;

/** Moves every trainable weight, so that nothing is at its start. */
function stir(model: tf.LayersModel): tf.LayersModel {
  tf.tidy(() => {
    model.trainableWeights.forEach((weight, i) => {
      const old = weight.read();
      const size = 0.3 * Math.max(0.05, ...old.abs().dataSync());
      weight.write(old.add(tf.randomNormal(old.shape, 0, size, 'float32', i + 1)));
    });
  });
  return model;
}

const variants: Record<string, MaskOptions> = {
  ternary: { learner: 'ternary' },
  'ternary, one share over the network': {
    learner: { name: 'ternary', keep: 0.3, scope: 'global' },
  },
  'ternary, fixed threshold': { learner: { name: 'ternary', select: 'fixed', keep: 0.4 } },
  'ternary, learned threshold': { learner: { name: 'ternary', select: 'learned', keep: 0.4 } },
  'learned keep': { learner: { name: 'learned-keep', keep: 0.3 } },
  'learned keep, over the network': {
    learner: { name: 'learned-keep', keep: 0.3, scope: 'global' },
  },
  'supermask, frozen': { learner: 'supermask', freeze: { kept: 0.2, dropped: 0.3 } },
  'edge-popup, frozen': {
    learner: { name: 'edge-popup', keep: 0.4 },
    freeze: { kept: 0.1, dropped: 0.5 },
  },
  'edge-popup, global, frozen': {
    learner: { name: 'edge-popup', keep: 0.4, scope: 'global' },
    freeze: { kept: 0.1, dropped: 0.5 },
  },
  'signed, frozen': { learner: 'signed', freeze: { kept: 0.25, dropped: 0.25 } },
  'ternary, frozen': { learner: 'ternary', freeze: { kept: 0.25, dropped: 0.25 } },
  folded: { learner: 'signed', fold: 2 },
  'supermask, folded': { learner: 'supermask', fold: 3 },
  'scales per channel': { learner: 'signed', scales: 'channel' },
  'scales per layer in 8 bits': {
    learner: 'edge-popup',
    scales: { per: 'layer', precision: 'uint8' },
  },
  'scales per channel in 8 bits': {
    learner: 'threshold',
    scales: { per: 'channel', precision: 'uint8' },
  },
  'everything at once': {
    learner: { name: 'ternary', select: 'learned' },
    freeze: { kept: 0.1, dropped: 0.1 },
    fold: 2,
    scales: { per: 'channel', precision: 'float32' },
    values: 'model',
    noise: 0.1,
    scoreGradient: 'magnitude',
  },
};

describe.each(Object.entries(variants))('%s', (_name, options) => {
  test.each(['convNet', 'nested', 'convMixer', 'convolutions', 'transformer'])(
    'bake, encode and decode give the same bits: %s',
    async (name) => {
      const make = models[name] as () => tf.LayersModel;
      const masked = stir(maskModel(make(), { prototype: normal, seed: 5, ...options }));
      const baked = bake(masked);
      const bytes = await encodeModel(masked);
      const decoded = await decodeModel(bytes);
      expect(weights(decoded)).toEqual(weights(baked));
      const x = inputs(masked);
      const plain = bake(masked, { portable: false });
      const expected = predict(plain, x);
      predict(masked, x).forEach((y, i) => {
        expect(y).toBeCloseTo(expected[i] as number, 4);
      });
      expect(inspectModel(bytes).float32Bytes).toBe(4 * baked.countParams());
    },
  );

  test('is saved and loaded as a masked model, and trains on from there alike', async () => {
    const masked = stir(maskModel(nested(), { prototype: normal, seed: 5, ...options }));
    let saved: tf.io.ModelArtifacts | undefined;
    await masked.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved as tf.io.ModelArtifacts));
    const x = inputs(masked);
    const gradients = (model: tf.LayersModel) =>
      tf.tidy(() => {
        const loss = () => {
          const [first, second] = model.apply(x, { training: true }) as [tf.Tensor, tf.Tensor];
          return first.square().sum().add(second.sum()) as tf.Scalar;
        };
        const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
        const { grads } = tf.variableGrads(loss, variables);
        return variables.map(({ name }) => [...(grads[name] as tf.Tensor).dataSync()]);
      });
    expect(gradients(loaded)).toEqual(gradients(masked));
    expect(weights(bake(loaded))).toEqual(weights(bake(masked)));
  });

  test('leaks nothing', async () => {
    const masked = maskModel(nested(), { prototype: normal, ...options });
    const x = inputs(masked);
    const step = () =>
      tf.dispose(
        tf.variableGrads(() => {
          const [first] = masked.apply(x, { training: true }) as [tf.Tensor];
          return first.sum() as tf.Scalar;
        }),
      );
    step();
    tf.dispose(masked.predict(x));
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) step();
    await encodeModel(masked, { norms: 'fold' });
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** One dense layer of 40 x 30. */
const dense = (options: MaskOptions) =>
  maskModel(
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [40], units: 30, useBias: false })] }),
    { prototype: { strategy: 'full', distribution: 'kaiming-normal' }, seed: 2, ...options },
  );
const kernel = (model: tf.LayersModel) => weights(bake(model))[0] as number[];

describe('freezing', () => {
  const drawn = kernel(dense({ learner: { name: 'edge-popup', keep: 1 } }));
  test.each(['edge-popup', 'supermask', 'threshold', 'signed', 'ternary', 'learned-keep'])(
    'keeps and drops what the seed says, whatever the scores: %s',
    (name) => {
      const learner = name === 'supermask' ? { name, rescale: false } : { name };
      const model = dense({ learner, freeze: { kept: 0.2, dropped: 0.3 } });
      const before = kernel(model);
      const scores = model.trainableWeights[0] as tf.LayerVariable;
      scores.write(scores.read().mul(-3));
      const after = kernel(model);
      let kept = 0;
      let dropped = 0;
      const never = [before, after].every((w) => w.length === 1200);
      expect(never).toBe(true);
      // Found from the file: what it says is frozen is so in both.
      for (let i = 0; i < 1200; i++) {
        if (before[i] === 0 && after[i] === 0) dropped++;
        if (before[i] === drawn[i] && after[i] === drawn[i]) kept++;
      }
      // Five deviations of 1200 draws: 70 of 240 and 79 of 360.
      expect(kept).toBeGreaterThan(170);
      expect(dropped).toBeGreaterThan(280);
    },
  );
  test('gives frozen scores no gradient, and the file no bit', async () => {
    const model = dense({ learner: 'signed', freeze: { kept: 0.2, dropped: 0.3 } });
    const { grads } = tf.variableGrads(
      () => (model.apply(tf.eye(40), { training: true }) as tf.Tensor).sum() as tf.Scalar,
    );
    const still =
      Object.values(grads)[0]
        ?.dataSync()
        .filter((g) => g === 0).length ?? 0;
    const report = inspectModel(await encodeModel(model, { maskCoding: 'raw' }));
    const [weight] = report.weights;
    expect(still).toBe(Math.round(1200 * (weight?.frozen ?? 0)));
    expect(Math.abs(still / 1200 - 0.5)).toBeLessThan(0.08);
    // Two bytes for coding and length, then a bit a free weight.
    const bytes = Math.ceil((1200 - still) / 8) + 2;
    expect(report.sections.find(({ name }) => name === 'masks/0')?.bytes).toBe(bytes);
    expect(weight?.bitsPerWeight).toBeCloseTo((8 * bytes) / 1200, 10);
  });
  test('refuses shares that leave nothing, or that contradict keep', () => {
    expect(() => dense({ freeze: { kept: 0.5, dropped: 0.5 } })).toThrow(/together below 1/);
    expect(() =>
      dense({ learner: { name: 'edge-popup', keep: 0.1 }, freeze: { kept: 0.2 } }),
    ).toThrow(/freeze must be at most keep/);
  });
});

describe('folding', () => {
  const blocks = () =>
    tf.sequential({
      layers: [0, 1, 2, 3].map((i) =>
        tf.layers.dense({ units: 32, useBias: false, ...(i === 0 && { inputShape: [32] }) }),
      ),
    });
  test('stores kernels of one run once, and trains one set of scores', async () => {
    const apart = maskModel(blocks(), { learner: 'signed' });
    const folded = maskModel(blocks(), { learner: 'signed', fold: 2 });
    expect(folded.trainableWeights).toHaveLength(2);
    const [a, b, c, d] = weights(bake(folded));
    expect(a).toEqual(b);
    expect(c).toEqual(d);
    expect(a).not.toEqual(c);
    const maskBytes = async (model: tf.LayersModel) =>
      inspectModel(await encodeModel(model)).sections.find(({ name }) => name === 'masks/0')?.bytes;
    expect(await maskBytes(folded)).toBeLessThan(0.55 * ((await maskBytes(apart)) as number));
  });
  test('goes by a rule of one’s own, and refuses one that mixes shapes', () => {
    const folded = maskModel(blocks(), {
      fold: ({ layer }) => (/_?1$/.test(layer) ? null : 'all'),
    });
    expect(folded.trainableWeights.length).toBeLessThan(4);
    const mixed = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [3], units: 4 }), tf.layers.dense({ units: 5 })],
    });
    expect(() => maskModel(mixed, { fold: () => 'one' })).toThrow(/share a mask have one shape/);
    expect(() => maskModel(mixed, { fold: 0 })).toThrow(/integer >= 1/);
  });
});

describe('gradients', () => {
  const c = tf.randomNormal([40, 30], 0, 1, 'float32', 9);
  const read = (model: tf.LayersModel) =>
    (model.apply(tf.eye(40), { training: true }) as tf.Tensor).mul(c).sum() as tf.Scalar;
  test('of scales are those of finite differences', () => {
    const model = dense({ learner: 'signed', scales: { per: 'channel', precision: 'float32' } });
    const scales = model.trainableWeights[1] as tf.LayerVariable;
    const { grads } = tf.variableGrads(() => read(model), [scales.read() as tf.Variable]);
    const gradient = [...(Object.values(grads)[0] as tf.Tensor).dataSync()];
    const start = [...scales.read().dataSync()];
    const at = (i: number, h: number) => {
      scales.write(
        tf.tensor(
          start.map((s, j) => (i === j ? s + h : s)),
          scales.shape as number[],
        ),
      );
      return read(model).dataSync()[0] as number;
    };
    for (const i of [0, 7, 29]) {
      // The loss is linear in a scale, so the difference is exact but for float32.
      expect((at(i, 0.5) - at(i, -0.5)) / 1).toBeCloseTo(gradient[i] as number, 3);
    }
  });
  test.each(['learned-keep', 'ternary'])('of a threshold pass straight through: %s', (name) => {
    const learner = name === 'ternary' ? { name, select: 'learned' } : { name };
    const model = dense({ learner });
    const [scores, threshold] = model.trainableWeights as [tf.LayerVariable, tf.LayerVariable];
    expect(threshold.shape).toEqual([]);
    const variables = [scores, threshold].map((w) => w.read() as tf.Variable);
    const { grads } = tf.variableGrads(() => read(model), variables);
    const [ds, dt] = variables.map(({ name }) => (grads[name] as tf.Tensor).dataSync());
    // |s| - threshold moves down by as much as the threshold moves up, on the side each score is on.
    const s = scores.read().dataSync();
    const sum = [...(ds as Float32Array)].reduce((sum, g, i) => sum + g * Math.sign(s[i] ?? 0), 0);
    expect((dt as Float32Array)[0]).toBeCloseTo(-sum, 3);
  });
  test('of one threshold for the model are those of its layers together, each in its own width', () => {
    const plain = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [40], units: 50, useBias: false }),
        tf.layers.dense({ units: 30, useBias: false }),
      ],
    });
    const model = maskModel(plain, {
      learner: { name: 'learned-keep', keep: 0.3, scope: 'global' },
    });
    const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
    const scores = variables.filter(({ name }) => isScore(name));
    const [threshold, ...others] = variables.filter(({ name }) => !isScore(name));
    expect([scores.length, others.length, threshold?.shape]).toEqual([2, 0, []]);
    const shares = bake(model)
      .getWeights()
      .map((w) => w.dataSync().filter((value) => value !== 0).length / w.size);
    for (const share of shares) expect(Math.abs(share - 0.3)).toBeLessThan(0.05);
    const { grads } = tf.variableGrads(() => read(model), variables);
    // |s| - t * width: of each layer the sum of d|s|, times its width.
    const sums = scores.map(({ name, shape }, i) => {
      const g = (grads[name] as tf.Tensor).mul(tf.sign(scores[i] as tf.Tensor)).sum();
      return (g.dataSync()[0] as number) / Math.sqrt(shape[0] as number);
    });
    const expected = -((sums[0] as number) + (sums[1] as number));
    expect(grads[(threshold as tf.Variable).name]?.dataSync()[0]).toBeCloseTo(expected, 3);
    // A threshold above all scores keeps nothing, in any layer.
    threshold?.assign(tf.scalar(1.01));
    expect(
      bake(model)
        .getWeights()
        .every((w) => w.dataSync().every((value) => value === 0)),
    ).toBe(true);
  });
  test('times |w| when asked', () => {
    const gradient = (scoreGradient: 'plain' | 'magnitude') => {
      const model = dense({ learner: 'signed', scoreGradient });
      return Object.values(tf.variableGrads(() => read(model)).grads)[0]?.dataSync() ?? [];
    };
    const magnitudes = kernel(dense({ learner: 'signed' })).map(Math.abs);
    const [plain, times] = [gradient('plain'), gradient('magnitude')];
    for (let i = 0; i < 1200; i += 37) {
      const expected = (plain[i] as number) * (magnitudes[i] as number);
      expect(times[i]).toBeCloseTo(expected, 5);
    }
  });
});

describe('batch norms', () => {
  test.each([convNet, () => convMixer()])('folded, predict what they did: %o', async (make) => {
    const masked = maskModel(make());
    const x = inputs(masked, 4);
    const expected = predict(bake(masked), x);
    const kept = await encodeModel(masked);
    const folded = await encodeModel(masked, { norms: 'fold' });
    predict(await decodeModel(folded), x).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i] as number, 4);
    });
    // Two float32 vectors of four are left out of every norm.
    const channels = bake(masked)
      .layers.filter((layer) => layer.getClassName() === 'BatchNormalization')
      .reduce((sum, layer) => sum + (layer.weights[0]?.shape[0] as number), 0);
    expect(kept.length - folded.length).toBeGreaterThan(8 * channels - 60);
  });

  test('without scale and shift fold too', async () => {
    const plain = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [3], units: 6 }),
        tf.layers.batchNormalization({ center: false, scale: false }),
      ],
    });
    plain.layers[1]?.setWeights([tf.randomNormal([6]), tf.randomUniform([6], 0.5, 2)]);
    const x = inputs(plain);
    const expected = predict(plain, x);
    predict(await decodeModel(await encodeModel(plain, { norms: 'fold' })), x).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i] as number, 5);
    });
  });

  test('recomputed on a batch have its moments, one norm after the other', async () => {
    const masked = maskModel(convMixer());
    const bytes = await encodeModel(masked, { norms: 'recompute' });
    expect(inspectModel(bytes).recompute).toBe(true);
    await expect(decodeModel(bytes)).rejects.toThrow(/pass a batch of inputs as calibrate/);
    const before = tf.memory().numTensors;
    await expect(decodeModel(bytes, { calibrate: tf.zeros([2, 3]) })).rejects.toThrow(
      /given as calibrate does not fit/,
    );
    expect(tf.memory().numTensors - before).toBe(1);
    const batch = tf.randomNormal([16, 8, 8, 3], 0, 1, 'float32', 3);
    const decoded = await decodeModel(bytes, { calibrate: batch });
    // In training a norm takes the statistics of its batch: the same outputs come out, of a model that never had any.
    const trained = tf.tidy(() => [
      ...(
        bake(masked, { portable: false }).apply(batch, { training: true }) as tf.Tensor
      ).dataSync(),
    ]);
    predict(decoded, [batch]).forEach((y, i) => {
      expect(y).toBeCloseTo(trained[i] as number, 3);
    });
    // 3 weights a norm instead of 5 would not do: means and variances take nothing.
    expect(bytes.length).toBeLessThan((await encodeModel(masked, { norms: 'fold' })).length + 30);
  });

  test('recomputing leaves momentum and call as they were, and says when there is none', () => {
    const model = convNet();
    const norm = model.layers[2] as tf.layers.Layer & { momentum: number };
    recomputeNorms(model, tf.randomNormal([4, 8, 8, 3]));
    expect(norm.momentum).toBe(0.99);
    expect(Object.hasOwn(norm, 'call')).toBe(false);
    const bare = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
    expect(() => recomputeNorms(bare, tf.ones([1, 2]))).toThrow(/has no batch norm/);
  });

  test('lose scale and shift when they shall have none, and keep their statistics', async () => {
    for (const make of [convNet, convMixer]) {
      const plain = make();
      const named = (model: tf.LayersModel, name: string) =>
        model.weights.filter(({ originalName }) => originalName.endsWith(`/${name}`));
      for (const [i, weight] of named(plain, 'moving_mean').entries()) {
        weight.write(tf.randomNormal(weight.shape as number[], 0, 1, 'float32', i + 1));
      }
      const masked = maskModel(plain, { affineNorms: false });
      expect(named(masked, 'gamma').length + named(masked, 'beta').length).toBe(0);
      const means = (model: tf.LayersModel) =>
        named(model, 'moving_mean').map((weight) => [...weight.read().dataSync()]);
      expect(means(masked).length).toBeGreaterThan(0);
      expect(means(masked)).toEqual(means(plain));
      const x = inputs(masked, 4);
      const expected = predict(bake(masked), x);
      const bytes = await encodeModel(masked);
      expect(predict(await decodeModel(bytes), x)).toEqual(expected);
      const bare = await encodeModel(masked, { norms: 'recompute' });
      const again = predict(await decodeModel(bare, { calibrate: x[0] as tf.Tensor }), x);
      recomputeNorms(masked, x[0] as tf.Tensor);
      predict(bake(masked), x).forEach((y, i) => {
        expect(again[i]).toBeCloseTo(y, 4);
      });
      const affine = await encodeModel(stir(maskModel(plain)));
      expect(bytes.length).toBeLessThan(affine.length);
      masked.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
      const y = tf.zeros(masked.outputs[0]?.shape.map((size) => size ?? 4) as number[]);
      await masked.fit(x[0] as tf.Tensor, y, { epochs: 1, verbose: 0 });
    }
    const bare = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
    expect(() => maskModel(bare, { affineNorms: false })).toThrow(
      /affineNorms is false, but '.*' has no batch norm; leave the option out/,
    );
  });

  test('refuses another word', async () => {
    await expect(encodeModel(convNet(), { norms: 'drop' as never })).rejects.toThrow(
      /norms must be one of keep, fold, recompute, got drop/,
    );
  });
});

test('a vector of one value takes no space and comes back', async () => {
  const plain = tf.sequential({ layers: [tf.layers.dense({ inputShape: [50], units: 400 })] });
  const bytes = await encodeModel(maskModel(plain));
  expect(inspectModel(bytes).weights.map(({ form }) => form)).toEqual(['sign', 'constant']);
  expect(weights(await decodeModel(bytes))[1]).toEqual(new Array(400).fill(0));
});

test('noise and scales refuse what they cannot be', () => {
  expect(() => dense({ noise: -1 })).toThrow(/noise must be a number of 0 or more/);
  expect(() => dense({ noise: { from: 1 } as never })).toThrow(/noise must be/);
  expect(() => dense({ learner: { name: 'edge-popup', scope: 'global' }, noise: 0.1 })).toThrow(
    /noise must be 0 with a learner of scope 'global'/,
  );
  expect(() => dense({ scales: 'row' as never })).toThrow(/'layer' or 'channel'/);
  expect(() => dense({ scales: { per: 'layer', precision: 'int4' as never } })).toThrow(/float16/);
  expect(() => dense({ scoreGradient: 'both' as never })).toThrow(/'plain' or 'magnitude'/);
});

import { softmaxCrossEntropy } from '@pleat/ops';
import { fillLayer, planPrototype } from '@pleat/prototype';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { bake, maskModel } from '../src/index.ts';
import { convMixer, convNet, inputs, models, nested, predict } from './models.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const values = (model: tf.LayersModel) => model.getWeights().map((w) => [...w.dataSync()]);

describe.each(Object.entries(models))('%s', (_name, make) => {
  test('is masked, leaves its input alone, and bakes to the same predictions', () => {
    const plain = make();
    const before = values(plain);
    const masked = maskModel(plain, { learner: 'edge-popup' });
    expect(masked.getClassName()).toBe(plain.getClassName());
    expect(values(plain)).toEqual(before);
    const x = inputs(plain);
    const expected = predict(masked, x);
    expect(expected).not.toEqual(predict(plain, x));
    expect(predict(bake(masked, { portable: false }), x)).toEqual(expected);
    const portable = predict(bake(masked), x);
    for (const [i, y] of portable.entries()) expect(y).toBeCloseTo(expected[i] as number, 4);
  });

  test('keeps the weights that are not masked', () => {
    const plain = make();
    const masked = bake(maskModel(plain), { portable: false });
    const before = new Map(plain.weights.map((w, i) => [i, w]));
    masked.weights.forEach((weight, i) => {
      const name = weight.originalName;
      if (/kernel$/.test(name) && !/lstm|recurrent/.test(name)) return;
      expect([...weight.read().dataSync()], name).toEqual([
        ...(before.get(i) as tf.LayerVariable).read().dataSync(),
      ]);
    });
  });

  test('saves and loads as a masked model', async () => {
    const masked = maskModel(make(), { learner: { name: 'edge-popup', keep: 0.3 }, seed: 5 });
    const artifacts: tf.io.ModelArtifacts[] = [];
    await masked.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts.push(saved);
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts[0] as tf.io.ModelArtifacts));
    const x = inputs(masked);
    expect(predict(loaded, x)).toEqual(predict(masked, x));
    expect(loaded.trainableWeights.map((w) => w.shape)).toEqual(
      masked.trainableWeights.map((w) => w.shape),
    );
  });
});

test('fit, evaluate and summary work; every score, bias and norm moves', async () => {
  const model = maskModel(convNet(), { learner: 'edge-popup' });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const before = values(model);
  const x = tf.randomNormal([16, 8, 8, 3], 0, 1, 'float32', 1);
  const y = tf.randomNormal([16, 5], 0, 1, 'float32', 2);
  const first = (model.evaluate(x, y) as tf.Scalar).dataSync()[0] as number;
  await model.fit(x, y, { verbose: 0, epochs: 5 });
  expect(values(model).map((w, i) => w.some((v, j) => v !== before[i]?.[j]))).not.toContain(false);
  expect((model.evaluate(x, y) as tf.Scalar).dataSync()[0]).toBeLessThan(first);
  const lines: string[] = [];
  model.summary(undefined, undefined, (line) => lines.push(line as string));
  expect(lines.join('\n')).toContain('(PleatMaske');
});

test('variableGrads reaches scores and biases through models in models', () => {
  const model = maskModel(nested());
  const x = inputs(model);
  const { grads } = tf.variableGrads(() => {
    const [first, second] = model.apply(x, { training: true }) as tf.Tensor[];
    return tf.add(tf.sum(tf.square(first as tf.Tensor)), tf.sum(second as tf.Tensor)) as tf.Scalar;
  });
  const names = model.trainableWeights.map((w) => w.name);
  expect(Object.keys(grads).sort()).toEqual([...names].sort());
  for (const name of names) {
    expect(
      (grads[name] as tf.Tensor).dataSync().some((g) => g !== 0),
      name,
    ).toBe(true);
  }
});

test('fixed values are those of the prototype plan', () => {
  const plain = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [20], units: 30, useBias: false }),
      tf.layers.dense({ units: 4, useBias: false }),
    ],
  });
  const options = {
    strategy: 'random-vector',
    ratio: 0.1,
    distribution: 'kaiming-normal',
  } as const;
  const baked = bake(
    maskModel(plain, { prototype: options, seed: 3, learner: { name: 'edge-popup', keep: 1 } }),
  );
  const plan = planPrototype(
    [
      { name: 'a', shape: [20, 30], fanIn: 20 },
      { name: 'b', shape: [30, 4], fanIn: 30 },
    ],
    { ...options, seed: 3 },
  );
  plan.fills.forEach((fill, i) => {
    expect(baked.getWeights()[i]?.dataSync()).toEqual(fillLayer(fill));
  });
});

test('signed masks have magnitudes that differ by default, the other learners one', () => {
  const magnitudes = (learner: 'signed' | 'edge-popup') => {
    const plain = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [20], units: 30, useBias: false })],
    });
    const baked = bake(maskModel(plain, { prototype: { ratio: 0.1 }, learner }));
    const values = Array.from(baked.getWeights()[0]!.dataSync(), Math.abs);
    return new Set(values.filter((value) => value > 0)).size;
  };
  // floor(0.1 * 600) + 1 values of the random vector.
  expect(magnitudes('signed')).toBe(61);
  expect(magnitudes('edge-popup')).toBe(1);
});

test('values can be given: by function, or the model’s own kernels', () => {
  const plain = convNet();
  const own = maskModel(plain, { values: 'model', learner: { name: 'edge-popup', keep: 1 } });
  const x = inputs(plain);
  expect(predict(own, x)).toEqual(predict(plain, x));
  const ones = maskModel(plain, {
    values: ({ length }) => new Float32Array(length).fill(2),
    learner: { name: 'edge-popup', keep: 1 },
  });
  expect(new Set(bake(ones).getWeights()[0]?.dataSync())).toEqual(new Set([2]));
  expect(() => maskModel(plain, { values: () => new Float32Array(1) })).toThrow(
    /expected a Float32Array/,
  );
});

test('does not depend on what the layers are called', () => {
  const named = (name: string) =>
    tf.sequential({ layers: [tf.layers.dense({ name, inputShape: [3], units: 3 })] });
  const [a, b] = [named('one'), named('two')].map((m) => values(maskModel(m, { seed: 9 }))[0]);
  expect(a).toEqual(b);
});

test('include and exclude choose layers', () => {
  const classes = (model: tf.LayersModel) => model.layers.map((l) => l.getClassName());
  const plain = convNet();
  expect(classes(maskModel(plain, { exclude: (_, c) => c === 'Dense' }))).toEqual([
    'PleatMaskedConv2D',
    'PleatMaskedDepthwiseConv2D',
    'BatchNormalization',
    'Flatten',
    'Dense',
  ]);
  const first = plain.layers[0]?.name;
  expect(classes(maskModel(plain, { include: (name) => name === first }))[1]).toBe(
    'DepthwiseConv2D',
  );
});

describe('refuses', () => {
  test('a layer that was asked for and cannot be masked', () => {
    expect(() => maskModel(convNet(), { include: () => true })).toThrow(
      /BatchNormalization, which cannot be masked/,
    );
  });
  test('a model with nothing to mask', () => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2] })] });
    expect(() => maskModel(model)).toThrow(/no layer to mask/);
  });
  test('a model that is not built', () => {
    const model = tf.sequential({ layers: [] });
    expect(() => maskModel(model)).toThrow(/inputShape/);
  });
  test('a masked model', () => {
    expect(() => maskModel(maskModel(convNet()))).toThrow(/masked already/);
  });
  test('a layer that two models share', () => {
    const shared = tf.layers.dense({ units: 4, inputShape: [4] });
    const inner = tf.sequential({ layers: [shared] });
    const x = tf.input({ shape: [4] });
    const y = shared.apply(inner.apply(x)) as tf.SymbolicTensor;
    expect(() => maskModel(tf.model({ inputs: x, outputs: y }))).toThrow(/in two models at once/);
  });
  test('a constraint on a fixed kernel', () => {
    const layer = tf.layers.dense({ units: 4, inputShape: [4], kernelConstraint: 'nonNeg' });
    expect(() => maskModel(tf.sequential({ layers: [layer] }))).toThrow(/constraint/);
  });
  test('a layer class tfjs cannot rebuild', () => {
    class Unregistered extends tf.layers.Layer {
      static readonly className = 'Unregistered';
    }
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [2] }), new Unregistered({})],
    });
    expect(() => maskModel(model)).toThrow(/Unregistered/);
  });
  test('options that make no sense', () => {
    const model = convNet();
    for (const keep of [0, -1, 1.5, Number.NaN]) {
      expect(() => maskModel(model, { learner: { name: 'edge-popup', keep } })).toThrow(/keep/);
    }
    expect(() => maskModel(model, { learner: { name: 'no-such' } })).toThrow(
      /no learner 'no-such'/,
    );
    expect(() => maskModel(model, { learner: { name: 'signed', keep: 1 } })).toThrow(
      /unknown option/,
    );
    expect(() => maskModel(model, { scoreScale: 0 })).toThrow(/scoreScale/);
  });
  test('what is no model, and options nobody reads', () => {
    for (const wrong of [null, undefined, {}, 'model.json', tf.layers.dense({ units: 1 })]) {
      expect(() => maskModel(wrong as never)).toThrow(/^maskModel: expected a tf.LayersModel, got/);
      expect(() => bake(wrong as never)).toThrow(/^bake: expected a tf.LayersModel, got/);
    }
    expect(() => maskModel(convNet(), { lerner: 'signed' } as never)).toThrow(
      /^maskModel: unknown option 'lerner'; it has prototype, values, learner,/,
    );
    expect(() => maskModel(convNet(), { prototype: { ration: 0.1 } as never })).toThrow(/'ration'/);
  });
  test('scores that are NaN, when baking', () => {
    const model = maskModel(convNet());
    const scores = model.weights[0] as tf.LayerVariable;
    scores.write(tf.fill(scores.shape as number[], Number.NaN));
    expect(() => bake(model)).toThrow(/NaN or infinity/);
  });
});

test('a penalty on a kernel reaches the scores through the mask', () => {
  const layer = tf.layers.dense({
    inputShape: [3],
    units: 2,
    useBias: false,
    kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
  });
  const model = maskModel(tf.sequential({ layers: [layer] }), { learner: 'edge-popup' });
  (model as tf.Sequential).build();
  const [penalty] = model.calculateLosses();
  const kernel = bake(model).getWeights()[0] as tf.Tensor;
  expect(penalty?.dataSync()[0]).toBeCloseTo(
    0.5 * (kernel.square().sum().dataSync()[0] as number),
    6,
  );
});

test('1,000 training steps leak nothing, and dispose frees everything', () => {
  const start = tf.memory().numTensors;
  for (const learner of [
    'edge-popup',
    'signed',
    { name: 'edge-popup', scope: 'global' },
  ] as const) {
    const model = maskModel(convMixer(4, 1, 4), { learner });
    const optimizer = tf.train.adam(0.01);
    const x = tf.randomNormal([2, 4, 4, 3]);
    const y = tf.tensor1d([1, 2], 'int32');
    const step = () =>
      optimizer.minimize(
        () => softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor2D),
        false,
        model.trainableWeights.map((w) => w.read() as tf.Variable),
      );
    step();
    const after = tf.memory().numTensors;
    for (let i = 0; i < 334; i++) step();
    expect(tf.memory().numTensors).toBe(after);
    tf.dispose([x, y]);
    optimizer.dispose();
    model.dispose();
  }
  // What is left belongs to the three stock models the masked ones were made from.
  const plain = tf.memory().numTensors - start;
  const one = tf.memory().numTensors;
  convMixer(4, 1, 4);
  expect(plain).toBe(3 * (tf.memory().numTensors - one));
});

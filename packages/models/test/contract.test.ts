import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createModel, type ModelName, type ModelOptions, modelNames } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A size of every model that a test can train. */
const small: { [Name in ModelName]: ModelOptions[Name] } = {
  convmixer: { dim: 6, depth: 2, kernelSize: 3 },
  vit: { dim: 8, depth: 2, heads: 2, mlpRatio: 2 },
  resnet20: { width: 2 },
  resnet32: { width: 2 },
  resnet44: { width: 2 },
  resnet56: { width: 2 },
  resnet110: { width: 2 },
  resnet18: { width: 2 },
  nin: { width: 12 },
  vgg11: { width: 2 },
  vgg13: { width: 2 },
  vgg16: { width: 2 },
  vgg19: { width: 2 },
};
const common = { inputShape: [8, 8, 3] as [number, number, number], classes: 5 };

function make(name: ModelName, seed = 0): tf.LayersModel {
  return createModel(name, { ...common, ...small[name], seed });
}

function weightsOf(model: tf.LayersModel): Float32Array[] {
  return model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
}

function images(count: number): tf.Tensor4D {
  return tf.randomUniform([count, ...common.inputShape], -1, 1, 'float32', 7);
}

describe.each(modelNames)('%s', (name) => {
  test('gives logits: one number a class, of any sign, not summing to one', () => {
    const model = make(name);
    expect(model.inputs[0]!.shape).toEqual([null, 8, 8, 3]);
    expect(model.outputs[0]!.shape).toEqual([null, 5]);
    const sums = tf.tidy(() => {
      const logits = model.predict(images(3)) as tf.Tensor;
      expect(logits.shape).toEqual([3, 5]);
      expect(logits.dataSync().every(Number.isFinite)).toBe(true);
      return logits.exp().sum(1).dataSync();
    });
    expect(Math.abs(sums[0]! - 1)).toBeGreaterThan(1e-3);
    const last = model.layers.at(-1)!.getConfig();
    expect(last.activation ?? 'linear').toBe('linear');
    model.dispose();
  });

  test('starts from the same weights for a seed, and from others for another', () => {
    const models = [make(name, 3), make(name, 3), make(name, 4)];
    const [first, again, other] = models.map(weightsOf);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    for (const model of models) model.dispose();
  });

  test('gives no two weight tensors the same random values', () => {
    const model = make(name);
    const random = weightsOf(model).filter((values) => new Set(values).size > 1);
    expect(random.length).toBeGreaterThan(0);
    expect(new Set(random.map((values) => values[0])).size).toBe(random.length);
    model.dispose();
  });

  test('comes back from its JSON and its artifacts with the same outputs', async () => {
    const model = make(name);
    const x = images(2);
    let artifacts: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts!));
    const expected = model.predict(x) as tf.Tensor;
    const actual = loaded.predict(x) as tf.Tensor;
    expect(actual.dataSync()).toEqual(expected.dataSync());
    const config = JSON.parse(JSON.stringify(model.getConfig()));
    const rebuilt = tf.LayersModel.fromConfig(tf.LayersModel, config) as tf.LayersModel;
    expect(rebuilt.countParams()).toBe(model.countParams());
    expect(rebuilt.weights.map(({ shape }) => shape)).toEqual(
      model.weights.map(({ shape }) => shape),
    );
    tf.dispose([x, expected, actual]);
    for (const each of [model, loaded, rebuilt]) each.dispose();
  });

  test('one training step changes every trainable weight, stays finite and leaks nothing', () => {
    const before = tf.memory().numTensors;
    const model = make(name);
    const start = weightsOf(model);
    const optimizer = tf.train.sgd(0.05);
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const x = images(4);
    const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
    const step = () =>
      tf.tidy(() => {
        const loss = () =>
          tf.losses.softmaxCrossEntropy(
            tf.oneHot(labels, 5),
            model.apply(x, { training: true }) as tf.Tensor2D,
          ) as tf.Scalar;
        return optimizer.minimize(loss, true, variables)!.dataSync()[0]!;
      });
    expect(step()).toBeGreaterThan(0);
    const steady = tf.memory().numTensors;
    expect(Number.isFinite(step())).toBe(true);
    expect(tf.memory().numTensors).toBe(steady);
    const trained = weightsOf(model);
    expect(trained.every((values) => values.every(Number.isFinite))).toBe(true);
    const still = model.weights.filter((_, i) => trained[i]!.join() === start[i]!.join());
    // A softmax does not see what all keys share, so the keys' bias has no gradient but rounding.
    const names = still.map((weight) => weight.originalName);
    expect(names.filter((weight) => !weight.endsWith('key_bias'))).toEqual([]);
    tf.dispose([x, labels]);
    optimizer.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('createModel', () => {
  test('refuses a name it does not know, and names those it does', () => {
    const wrong = 'alexnet' as ModelName;
    expect(() => createModel(wrong, {} as ModelOptions[ModelName])).toThrow(
      /createModel: expected one of convmixer, vit, resnet20.*found "alexnet"/,
    );
  });
});

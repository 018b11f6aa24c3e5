import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { frugalGrads } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const { layers } = tf;
const seeded = (seed: number) => tf.initializers.glorotNormal({ seed });

/** Convolutions with norms in residual blocks, one of them a model within the model, two outputs, and a layer that hands on its input. */
function residual(): tf.LayersModel {
  let seed = 1;
  const block = (x: tf.SymbolicTensor): tf.SymbolicTensor => {
    const conv = layers.conv2d({
      filters: 4,
      kernelSize: 3,
      padding: 'same',
      kernelInitializer: seeded(seed++),
    });
    const norm = layers.batchNormalization().apply(conv.apply(x)) as tf.SymbolicTensor;
    const sum = layers.add().apply([x, norm]) as tf.SymbolicTensor;
    return layers.activation({ activation: 'relu' }).apply(sum) as tf.SymbolicTensor;
  };
  const input = tf.input({ shape: [6, 6, 4] });
  const inner = tf.input({ shape: [6, 6, 4] });
  const nested = tf.model({ inputs: inner, outputs: block(block(inner)) });
  let x = block(input);
  const early = x;
  x = nested.apply(x) as tf.SymbolicTensor;
  x = layers.activation({ activation: 'linear' }).apply(x) as tf.SymbolicTensor;
  x = layers.dropout({ rate: 0.5, seed: 3 }).apply(x) as tf.SymbolicTensor;
  x = layers.concatenate().apply([x, block(x), early]) as tf.SymbolicTensor;
  x = layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  const logits = layers
    .dense({ units: 3, kernelInitializer: seeded(99) })
    .apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [logits, early] });
}

const images = () => tf.randomNormal([5, 6, 6, 4], 0, 1, 'float32', 7);
const valuesOf = (tensors: tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

/** Gradients and the weights after the forward pass, which moves the norms' statistics. */
function trained(grads: typeof frugalGrads) {
  const model = residual();
  const x = images();
  const { value, grads: found } = grads(
    () => {
      const [logits, early] = model.apply(x, { training: true }) as [tf.Tensor, tf.Tensor];
      return logits.square().sum().add(early.mean()) as tf.Scalar;
    },
    model.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const all = valuesOf([value, ...Object.values(found), ...model.getWeights()]);
  tf.dispose([value, found, x]);
  model.dispose();
  return all;
}

test('a model trains bit for bit as it does with tfjs, and leaves nothing behind', () => {
  const expected = trained(tf.variableGrads as typeof frugalGrads);
  const before = tf.memory().numTensors;
  expect(trained(frugalGrads)).toEqual(expected);
  expect(tf.memory().numTensors).toBe(before);
});

/** Notes the bytes that are alive when it is called. */
class Probe extends layers.Layer {
  static readonly className = 'Probe';
  bytes = 0;
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    this.bytes = tf.memory().numBytes;
    return (Array.isArray(inputs) ? inputs[0]! : inputs).clone();
  }
}

test.each([
  // Neither saves what it needs no values of: an addition saves both its inputs in tfjs, a transposition nothing.
  ['additions', (x: tf.SymbolicTensor) => layers.add().apply([x, x])],
  ['transpositions', (x: tf.SymbolicTensor) => layers.permute({ dims: [2, 1] }).apply(x)],
])('outputs of %s are free once no layer needs them', (_, link) => {
  const input = tf.input({ shape: [32] });
  let x = layers.dense({ units: 1024 }).apply(input) as tf.SymbolicTensor;
  x = layers.reshape({ targetShape: [32, 32] }).apply(x) as tf.SymbolicTensor;
  for (let i = 0; i < 20; i++) x = link(x) as tf.SymbolicTensor;
  const probe = new Probe({});
  const model = tf.model({ inputs: input, outputs: probe.apply(x) as tf.SymbolicTensor });
  const images = tf.ones([16, 32]);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const held = (grads: typeof frugalGrads): number => {
    const before = tf.memory().numBytes;
    const loss = () => (model.apply(images, { training: true }) as tf.Tensor).sum() as tf.Scalar;
    const { value, grads: found } = grads(loss, variables);
    tf.dispose([value, found]);
    return probe.bytes - before;
  };
  const one = 16 * 1024 * 4;
  expect(held(tf.variableGrads as typeof frugalGrads)).toBeGreaterThan(20 * one);
  expect(held(frugalGrads)).toBeLessThan(5 * one);
  tf.dispose(images);
  model.dispose();
});

test('models are as before where f throws', () => {
  const model = residual();
  const x = images();
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { call } = Object.getPrototypeOf(tf.LayersModel.prototype);
  const before = tf.memory().numTensors;
  expect(() =>
    frugalGrads(() => {
      model.apply(x, { training: true });
      throw new Error('no luck');
    }, variables),
  ).toThrow(/no luck/);
  expect(tf.memory().numTensors).toBe(before);
  expect(Object.getPrototypeOf(tf.LayersModel.prototype).call).toBe(call);
});

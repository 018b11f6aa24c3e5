import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { AdamWOptimizer, adam, adamw, decaysByDefault, SgdOptimizer, sgd } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const both = [
  ['adam', () => adam({ learningRate: 0.05 })],
  ['adamw', () => adamw({ learningRate: 0.05 })],
  ['sgd', () => sgd({ learningRate: 0.05, momentum: 0.9 })],
] as const;

function smallModel(): tf.Sequential {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], activation: 'tanh', kernelInitializer }),
      tf.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
}
const x = tf.tensor2d([1, 2, 3, -1, 0.5, 2, 0, 1, -1, 2, 2, 0], [4, 3]);
const y = tf.tensor2d([1, 0, -1, 0.5], [4, 1]);

describe.each(both)('%s', (_, make) => {
  test('is a tf.Optimizer', () => {
    expect(make()).toBeInstanceOf(tf.Optimizer);
  });

  test('trains by model.fit; tensors stay constant, and dispose frees all', async () => {
    const model = smallModel();
    const optimizer = make();
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const held = tf.memory().numTensors;
    const options = { epochs: 5, batchSize: 2, shuffle: false, verbose: 0 } as const;
    const first = await model.fit(x, y, options);
    const before = tf.memory().numTensors;
    const second = await model.fit(x, y, options);
    expect(tf.memory().numTensors).toBe(before);
    expect(second.history.loss!.at(-1)).toBeLessThan(first.history.loss![0] as number);
    expect(optimizer.iterations).toBe(20);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(held);
    model.dispose();
  });

  test('takes a map, a list and null gradients, and gives the same', () => {
    const [a, b] = [tf.variable(tf.ones([2, 2])), tf.variable(tf.ones([2, 2]))];
    const gradient = tf.fill([2, 2], 0.5);
    const [one, two] = [make(), make()];
    const idle = tf.variable(tf.ones([3]));
    for (let i = 0; i < 3; i++) {
      one.applyGradients({ [a.name]: gradient });
      two.applyGradients([
        { name: idle.name, tensor: null as unknown as tf.Tensor },
        { name: b.name, tensor: gradient },
      ]);
    }
    expect(b.dataSync()).toEqual(a.dataSync());
    expect([...idle.dataSync()]).toEqual([1, 1, 1]);
    expect(two.getState().slots.map(({ step }) => step)).toEqual([0, 3]);
  });

  test('refuses a gradient without a variable', () => {
    expect(() => make().applyGradients({ nobody: tf.scalar(1) })).toThrow(
      /expected a variable named 'nobody', found none/,
    );
  });

  test('a new variable under an old name starts afresh, and the old slots are freed', () => {
    const optimizer = make();
    const run = () => {
      const name = `afresh_${optimizer.getClassName()}`;
      const variable = tf.tidy(() => tf.variable(tf.ones([2, 2]), true, name));
      optimizer.minimize(() => variable.square().sum() as tf.Scalar, false, [variable]);
      const values = [...variable.dataSync()];
      variable.dispose();
      return values;
    };
    const first = run();
    const before = tf.memory().numTensors;
    expect(run()).toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
    expect(optimizer.getState().slots).toHaveLength(1);
  });

  test('goes on after model.save with the optimiser, in a loaded model', async () => {
    const fit = { epochs: 3, shuffle: false, verbose: 0 } as const;
    const model = smallModel();
    model.compile({ optimizer: make(), loss: 'meanSquaredError' });
    await model.fit(x, y, fit);
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
      { includeOptimizer: true },
    );
    await model.fit(x, y, fit);
    const loaded = (await tf.loadLayersModel(tf.io.fromMemory(saved!))) as tf.LayersModel;
    expect((loaded.optimizer as AdamWOptimizer).iterations).toBe(3);
    await loaded.fit(x, y, fit);
    loaded.getWeights().forEach((weight, i) => {
      expect(weight.dataSync()).toEqual(model.getWeights()[i]!.dataSync());
    });
  });

  test('setState in the middle of a run goes back to the saved point', () => {
    const variable = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
    const optimizer = make();
    const step = () =>
      optimizer.minimize(() => variable.square().sum() as tf.Scalar, false, [variable]);
    for (let i = 0; i < 3; i++) step();
    const state = optimizer.getState();
    const at = variable.clone();
    step();
    const wanted = variable.dataSync().slice();
    const before = tf.memory().numTensors;
    step();
    optimizer.setState(state);
    expect(optimizer.getState()).toEqual(state);
    variable.assign(at.clone());
    step();
    expect(variable.dataSync()).toEqual(wanted);
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  test('refuses to restore into a variable of another size', () => {
    const [a, b] = [tf.variable(tf.ones([4])), tf.variable(tf.ones([5]))];
    const optimizer = make();
    optimizer.minimize(() => a.square().sum() as tf.Scalar, false, [a]);
    const next = make();
    next.setState(optimizer.getState());
    expect(() => next.minimize(() => b.square().sum() as tf.Scalar, false, [b])).toThrow(
      /of 4 values, as its restored slot .*, got 5/,
    );
  });
});

test('a state of one optimiser is refused by the other', () => {
  const variable = tf.variable(tf.ones([4]));
  const optimizer = adamw({ learningRate: 1 });
  optimizer.minimize(() => variable.square().sum() as tf.Scalar, false, [variable]);
  expect(() => sgd({ learningRate: 1, momentum: 0.9 }).setState(optimizer.getState())).toThrow(
    /expected 1 arrays .*\(velocity\), got 2/,
  );
});

test('a variable met late is corrected for its own steps', () => {
  const [early, late] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
  const optimizer = adamw({ learningRate: 0.1 });
  const train = (variables: tf.Variable[]) =>
    optimizer.minimize(() => tf.addN(variables).sum() as tf.Scalar, false, variables);
  for (let i = 0; i < 50; i++) train([early]);
  train([early, late]);
  // The first step of Adam is the learning rate, whatever the gradient.
  expect(late.dataSync()[0]).toBeCloseTo(0.9, 6);
});

describe('the decay filter', () => {
  const decayed = (filter?: Parameters<typeof adamw>[0]['filter']) => {
    const made = {
      kernel: tf.variable(tf.ones([2, 2]), true, 'filter_dense/kernel'),
      bias: tf.variable(tf.ones([2]), true, 'filter_dense/bias'),
      gamma: tf.variable(tf.ones([1, 2]), true, 'filter_norm/gamma_1'),
    };
    const options = { learningRate: 0.5, weightDecay: 0.5 };
    const optimizer = adamw(filter === undefined ? options : { ...options, filter });
    const zeros = Object.values(made).map((v) => ({ name: v.name, tensor: tf.zerosLike(v) }));
    optimizer.applyGradients(zeros);
    const shrunk = Object.entries(made).filter(([, v]) => v.dataSync()[0] === 0.75);
    tf.dispose(made);
    return shrunk.map(([key]) => key);
  };

  test('by default spares biases and norms', () => expect(decayed()).toEqual(['kernel']));
  test("'all' spares none", () => expect(decayed('all')).toEqual(['kernel', 'bias', 'gamma']));
  test('may be a function of name and variable', () => {
    expect(decayed((name, variable) => name.endsWith('bias') && variable.rank === 1)).toEqual([
      'bias',
    ]);
  });

  test.each([
    ['dense/kernel', [2, 2], true],
    ['dense/kernel_3', [2, 2], true],
    ['conv/kernel_scores', [3, 3, 2, 2], true],
    ['attention/query_kernel', [4, 4], true],
    ['attention/query_bias_2', [4, 4], false],
    ['norm/beta', [4], false],
    ['position/embedding_1', [4, 4], false],
    ['anything', [4], false],
  ])('decaysByDefault(%s %j) is %s', (name, shape, wanted) => {
    const variable = tf.variable(tf.ones(shape));
    expect(decaysByDefault(name, variable)).toBe(wanted);
    variable.dispose();
  });
});

test('configurations make equal optimisers, and a function cannot be saved', () => {
  const first = adamw({ learningRate: 0.1, beta1: 0.5, filter: 'all', weightDecay: 0.3 });
  const again = AdamWOptimizer.fromConfig(AdamWOptimizer, first.getConfig());
  expect(again.getConfig()).toEqual(first.getConfig());
  const second = sgd({ learningRate: 0.1, momentum: 0.5, nesterov: true });
  const same = SgdOptimizer.fromConfig(SgdOptimizer, second.getConfig());
  expect(same.getConfig()).toEqual(second.getConfig());
  for (const make of [adamw, sgd]) {
    expect(() => make({ learningRate: 1, filter: () => true }).getConfig()).toThrow(
      /expected filter 'kernels' or 'all'/,
    );
  }
});

test('sgd refuses Nesterov without momentum', () => {
  expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(/expected momentum above 0/);
});

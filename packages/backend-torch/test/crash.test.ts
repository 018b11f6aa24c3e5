import { rng, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

const random = rng(stream(7, 'crash'));
const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
const shapes = [[], [0], [1], [3], [2, 3], [3, 2], [2, 0], [1, 4, 4, 2], [2, 3, 3, 1], [2, 2, 2]];
const dtypes = ['float32', 'int32', 'bool'] as const;

interface Plain {
  values: number[];
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

function plain(): Plain {
  const shape = pick(shapes);
  const dtype = pick(dtypes);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Array.from({ length: size }, () =>
    dtype === 'bool' ? random.integer(2) : random.integer(9) - 4,
  );
  return { values, shape, dtype };
}

const tensor = ({ values, shape, dtype }: Plain) => tf.tensor(values, shape, dtype);
const binary = ['Add', 'Multiply', 'Maximum', 'Greater', 'Mod', 'Pow', 'LogicalAnd', 'FloorDiv'];
const unary = ['Abs', 'Exp', 'Relu', 'Sign', 'Elu', 'LogicalNot', 'Softplus', 'IsNan', 'Square'];
const reductions = ['Sum', 'Mean', 'Prod', 'All', 'ArgMax', 'Cumsum'];

/** A kernel called past the checks of tfjs' ops, with whatever it is given. */
function trial(): () => tf.Tensor {
  const [a, b] = [plain(), plain()];
  const run =
    (name: string, inputs: Record<string, Plain>, attrs = {}) =>
    () => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, tensor(value)]),
      );
      const made = tf.engine().runKernel(name, tensors, attrs) as tf.Tensor | tf.Tensor[];
      return Array.isArray(made) ? made[0]! : made;
    };
  const axis = random.integer(6) - 3;
  const [strides, window] = [1 + random.integer(3), 1 + random.integer(3)];
  const pool = { filterSize: window, strides, pad: pick(['same', 'valid', 1]) };
  const shape = pick(shapes);
  return pick([
    run(pick(binary), { a, b }),
    run(pick(unary), { x: a }),
    run(pick(reductions), { x: a }, { axis, keepDims: false, exclusive: false, reverse: false }),
    run('BatchMatMul', { a, b }, { transposeA: random.integer(2) > 0, transposeB: false }),
    run('Conv2D', { x: a, filter: b }, { strides, pad: 'same', dataFormat: 'NHWC', dilations: 1 }),
    run('MaxPool', { x: a }, pool),
    run('AvgPool', { x: a }, pool),
    run('Transpose', { x: a }, { perm: [1, 0, axis].slice(0, 1 + random.integer(3)) }),
    run('Reshape', { x: a }, { shape }),
    run('Slice', { x: a }, { begin: [axis, 0], size: [2, -1] }),
    run('GatherV2', { x: a, indices: b }, { axis, batchDims: 0 }),
    run('ScatterNd', { indices: a, updates: b }, { shape }),
    run('Tile', { x: a }, { reps: [2, axis] }),
    run('PadV2', { x: a }, { paddings: [[axis, 1]], constantValue: 1 }),
    run('Softmax', { logits: a }, { dim: axis }),
    run('OneHot', { indices: a }, { depth: axis, onValue: 1, offValue: 0, dtype: 'float32' }),
    run('Cast', { x: a }, { dtype: pick(dtypes) }),
    run('PleatLayerNorm', { x: a, gamma: b, beta: b }, { epsilon: 1e-5 }),
    run('PleatTopKMask', { scores: a }, { k: axis }),
    run('PleatBatchNormTrain', { x: a, gamma: b, beta: b }, { epsilon: 1e-5 }),
  ]);
}

describe.skipIf(torchFolder === undefined)('kernels called with anything', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 2 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('give an error or a tensor of their shape, 2,000 times', () => {
    let [errors, results] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const run = trial();
      tf.tidy(() => {
        try {
          const made = run();
          expect(made.dataSync().length).toBe(Math.abs(tf.util.sizeFromShape(made.shape)));
          results++;
        } catch (error) {
          if (!(error instanceof Error) || error.name === 'AssertionError') throw error;
          errors++;
        }
      });
    }
    expect(results).toBeGreaterThan(400);
    expect(errors).toBeGreaterThan(400);
    // Afterwards it still computes.
    expect(tf.tidy(() => tf.add([1, 2], [3, 4]).arraySync())).toEqual([4, 6]);
  });
});

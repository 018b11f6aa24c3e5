import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { frugalGrads } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const variable = (values: number[], shape: number[], trainable = true) =>
  tf.tidy(() => tf.variable(tf.tensor(values, shape), trainable));
const a = variable([0.5, -1, 2, 0.25, 3, -0.75], [2, 3]);
const b = variable([1.5, 0.5, -2, 1, 0.125, 2], [2, 3]);
const idle = variable([1, 2], [2]);
const constant = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);

/** A custom gradient that hands on what it is given, or a tensor of somebody else. */
const passing = (gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor) =>
  tf.customGrad((x, save) => {
    const given = x as tf.Tensor;
    (save as tf.GradSaveFunc)([given]);
    return {
      value: given.mul(2),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved),
    };
  });

const losses: Record<string, () => tf.Tensor> = {
  'a chain': () => a.mul(b).tanh().square().sum(),
  'a tensor used many times': () => {
    const x = a.exp();
    return x.mul(x).add(x).sub(x.sqrt()).mul(a).sum();
  },
  'a variable used many times': () => a.mul(a).add(a).sum(),
  'several outputs': () => {
    const [left, , right] = tf.split(a.mul(b), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return left.mul(3).sum().add(right.square().sum());
  },
  'unstacked rows, one of them unused': () => tf.unstack(a.square())[1]!.sum(),
  'a list of inputs': () => tf.concat([a, constant, b, a], 0).square().sum(),
  'a sum of a list': () => (tf.addN([a, b, a]) as tf.Tensor).square().sum(),
  'reshapes and clones, which share data': () => a.clone().reshape([3, 2]).clone().square().sum(),
  broadcasting: () => a.mul(b.sum(0)).sum(),
  'a custom gradient that hands on dy': () => {
    const y = passing((dy) => dy)(a);
    return y.add(a.square()).add(y).sum();
  },
  'a custom gradient that hands out a saved tensor': () =>
    passing((_, [saved]) => saved!)(a.mul(b)).sum(),
  'a custom gradient that hands out a constant': () =>
    passing(() => constant)(a.square())
      .add(passing(() => constant)(a.square()))
      .sum(),
  'matrix products': () => tf.matMul(a, b, false, true).softmax().log().sum(),
  convolutions: () =>
    tf
      .conv2d(
        constant.reshape([1, 2, 3, 1]) as tf.Tensor4D,
        a.reshape([1, 2, 1, 3]) as tf.Tensor4D,
        1,
        'same',
      )
      .relu()
      .sum(),
  'rows chosen by indices': () =>
    tf
      .gather(a.mul(b), tf.tensor1d([1, 0, 1], 'int32'))
      .square()
      .sum(),
  'side paths that lead nowhere': () => {
    a.exp().mul(constant).square();
    idle.square();
    return b.square().sum();
  },
  'a variable alone': () => a.sum(),
  'ops whose gradients read shapes alone, on tensors of many shapes': () => {
    const row = b.slice([1, 0], [1, 3]).square();
    const wide = tf.concat(
      [
        a.add(row),
        row.sub(a).pad([
          [0, 0],
          [0, 0],
        ]),
        row,
      ],
      0,
    );
    const padded = wide
      .pad([
        [1, 0],
        [0, 2],
      ])
      .expandDims(1)
      .mean([0, 1]);
    const sums = (tf.addN([a, b, a.sub(b)]) as tf.Tensor).sum(0, true).reshape([3]);
    return padded.slice([1], [3]).add(sums).square().sum().add(row.mean());
  },
};

const read = (grads: tf.NamedTensorMap) =>
  Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, g && [...g.dataSync()]]));

describe.each(Object.entries(losses))('%s', (_, f) => {
  test('has the gradients of tfjs bit for bit, and leaves nothing else behind', () => {
    const variables = [a, b, idle];
    const wanted = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(f as () => tf.Scalar, variables);
      return { value: value.dataSync()[0], grads: read(grads) };
    });
    const before = tf.memory();
    const { value, grads } = frugalGrads(f as () => tf.Scalar, variables);
    expect({ value: value.dataSync()[0], grads: read(grads) }).toEqual(wanted);
    const distinct = new Set(Object.values(grads)).size;
    expect(tf.memory().numTensors).toBe(before.numTensors + 1 + distinct);
    tf.dispose([value, ...Object.values(grads)]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect([...constant.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

test('stops at the variables given, and gives null for one that is not trainable', () => {
  const fixed = variable([1, 2, 3, 4, 5, 6], [2, 3], false);
  const { value, grads } = frugalGrads(() => a.mul(b).mul(fixed).sum() as tf.Scalar, [a, fixed]);
  expect(Object.keys(grads).sort()).toEqual([a.name, fixed.name].sort());
  expect(grads[fixed.name]).toBeNull();
  tf.dispose([value, grads[a.name]!, fixed]);
});

test('takes all trainable variables by default', () => {
  const grads = () => read(tf.tidy(() => frugalGrads(losses['a chain'] as () => tf.Scalar).grads));
  expect(Object.keys(grads()).sort()).toEqual([a.name, b.name].sort());
});

test('leaves tensors that f keeps, and those of a scope around it', () => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const outer = tf.ones([2, 3]);
    let kept: tf.Tensor | undefined;
    const f = () => {
      kept = tf.keep(a.mul(outer));
      return kept.square().sum() as tf.Scalar;
    };
    const { grads } = frugalGrads(f, [a]);
    expect([...kept!.dataSync()]).toEqual([...a.dataSync()]);
    expect([...outer.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...grads[a.name]!.dataSync()]).toEqual([...a.dataSync()].map((x) => 2 * x));
    kept!.dispose();
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('runs inside another gradient as tfjs does', () => {
  const before = tf.memory().numTensors;
  const slope = tf.tidy(() => {
    const f = (x: tf.Tensor) => {
      const { grads } = frugalGrads(() => a.mul(x).square().sum() as tf.Scalar, [a]);
      return grads[a.name]!.sum();
    };
    return [
      ...tf
        .grad(f)(tf.ones([2, 3]))
        .dataSync(),
    ];
  });
  expect(slope).toEqual([...a.dataSync()].map((x) => 4 * x));
  expect(tf.memory().numTensors).toBe(before);
});

test.each([
  ['an op has no gradient', () => tf.topk(a, 2).values.sum(), /tfjs knows no gradient of TopK/],
  ['f throws', () => tf.tidy(() => a.square().log() && fail()), /no luck/],
  ['f gives no scalar', () => a.square(), /expected a scalar from f, got a tensor of \[2,3\]/],
  ['f gives nothing', () => undefined, /expected a scalar from f, got undefined/],
  ['f uses no variable', () => constant.sum(), /expected f to use at least one of the variables/],
])('%s: one error, and nothing is left behind', (_, f, message) => {
  const before = tf.memory().numTensors;
  expect(() => frugalGrads(f as unknown as () => tf.Scalar, [a])).toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
  // The engine records again as if nothing had happened.
  const { value, grads } = frugalGrads(() => a.square().sum() as tf.Scalar, [a]);
  expect(tf.memory().numTensors).toBe(before + 2);
  tf.dispose([value, grads[a.name]!]);
});

function fail(): never {
  throw new Error('no luck');
}

test('refuses variables of which none is trainable', () => {
  const fixed = variable([1], [1], false);
  expect(() => frugalGrads(() => fixed.sum() as tf.Scalar, [fixed])).toThrow(
    /expected at least one trainable variable, got 1 that are not/,
  );
});

test('has freed most bytes by the end of the backward pass', () => {
  /** The bytes alive at the end of the backward pass. */
  const peak = (grads: typeof frugalGrads) => {
    let most = 0;
    const watched = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      // The last gradient of the pass: what is alive now, tfjs has not freed.
      gradFunc: (dy: tf.Tensor) => {
        most = tf.memory().numBytes;
        return dy.clone();
      },
    }));
    tf.tidy(() => {
      grads(() => {
        let x: tf.Tensor = watched(a).tile([50, 100]);
        for (let i = 0; i < 12; i++) x = x.mul(b.sum()).tanh();
        return x.square().sum() as tf.Scalar;
      }, [a, b]);
    });
    return most;
  };
  expect(peak(frugalGrads)).toBeLessThan(0.2 * peak(tf.variableGrads as typeof frugalGrads));
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { basisMatrix, integralGroups, resize, toDense, toIntegral } from '../src/index.ts';
import { learnedMatrices, sharedTrained, trainedPositions } from '../src/model/learned.ts';
import type { Sampling } from '../src/model/matrices.ts';
import { MatrixPool } from '../src/model/pool.ts';
import { stateOf } from '../src/model/state.ts';
import { forms, images } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Values in -1 .. 1 that look random. */
const waves = (count: number, seed: number) =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

describe('matrices of learned positions', () => {
  const sampling = (alignment: 'cells' | 'corners', kernel: 'cubic' | 'linear'): Sampling => ({
    interpolation: { alignment, kernel },
    quadrature: 'midpoint',
    filter: 'point',
  });

  /** diag(w) B by its definition: cells over the density of the coefficients' own cells, adding up to their number. */
  function weighed(
    positions: ArrayLike<number>,
    count: number,
    { interpolation }: Sampling,
  ): Float64Array {
    const { alignment } = interpolation;
    const size = positions.length;
    const edge = (i: number) =>
      i === 0 ? 0 : i === size ? 1 : (positions[i - 1]! + positions[i]!) / 2;
    const outer = alignment === 'cells' ? 1 / count : 1 / (2 * (count - 1));
    const own = Float64Array.from({ length: count }, (_, i) =>
      alignment === 'corners' && i > 0 && i < count - 1 ? 2 * outer : outer,
    );
    const linear = toDense(
      basisMatrix(positions, count, { kernel: 'linear', boundary: 'clamp', alignment }),
    );
    const ratios = Array.from({ length: size }, (_, r) => {
      return (edge(r + 1) - edge(r)) / dot(linear.subarray(r * count, (r + 1) * count), own);
    });
    const total = ratios.reduce((a, b) => a + b, 0);
    return toDense(basisMatrix(positions, count, interpolation)).map(
      (value, i) => (value * ratios[Math.floor(i / count)]! * count) / total,
    );
  }

  const cases = (['cells', 'corners'] as const).flatMap((alignment) =>
    (['cubic', 'linear'] as const).flatMap((kernel) =>
      (['trainable', 'shared'] as const).map((kind) => [alignment, kernel, kind] as const),
    ),
  );

  test.each(cases)(
    '%s, %s, %s: values and gradients are those of float64 differences',
    (alignment, kernel, kind) => {
      const own = sampling(alignment, kernel);
      const [size, count] = [5, 9];
      const places = [0.05, 0.3, 0.5, 0.77, 1];
      // What float32 holds exactly, so that both sides begin at the same deltas.
      const deltas = Float32Array.from(waves(kind === 'trainable' ? size + 1 : 4, 3), (v) =>
        Math.fround(1 + 0.3 * v),
      );
      const learned = (d: ArrayLike<number>) =>
        kind === 'trainable' ? trainedPositions(d) : sharedTrained(d, places);
      const g = waves(size * count, 5);
      const values = {
        output: (d: ArrayLike<number>) =>
          toDense(basisMatrix(learned(d).positions, count, own.interpolation)),
        input: (d: ArrayLike<number>) => weighed(learned(d).positions, count, own),
        positive: (d: ArrayLike<number>) =>
          toDense(
            basisMatrix(learned(d).positions, count, {
              ...{ kernel: 'linear', boundary: 'clamp', alignment },
            }),
          ),
      };
      for (const name of ['output', 'input', 'positive'] as const) {
        const d = tf.tensor1d(deltas);
        const made = learnedMatrices(d, learned(deltas), count, own)[name];
        const expected = values[name](deltas);
        made.dataSync().forEach((value, i) => void expect(value).toBeCloseTo(expected[i]!, 6));
        const gradient = tf
          .grad((x: tf.Tensor) => {
            const matrix = learnedMatrices(x as tf.Tensor1D, learned(deltas), count, own)[name];
            return matrix.mul(tf.tensor2d(Float32Array.from(g), [size, count])).sum();
          })(d)
          .dataSync();
        const step = 1e-6;
        for (let j = 0; j < deltas.length; j++) {
          const at = (shift: number) =>
            dot(values[name](Float64Array.from(deltas, (v, k) => (k === j ? v + shift : v))), g);
          const difference = (at(step) - at(-step)) / (2 * step);
          expect(Math.abs(gradient[j]! - difference)).toBeLessThan(
            2e-6 * Math.max(1, Math.abs(difference)) * count,
          );
        }
      }
    },
  );
});

describe.each(forms)('weights of %s', (_, build) => {
  function resized(share: number): tf.LayersModel {
    const model = toIntegral(build(), { order: 'identity' });
    // Heads and the dims within them, too.
    const sizes = integralGroups(model).map(({ id, coefficients }) => [
      id,
      Math.max(1, Math.round(share * coefficients)),
    ]);
    return resize(model, Object.fromEntries(sizes));
  }

  test.each([0.6, 1.3])(
    'at %f of the channels: tensors and arrays agree, gradients are the transposed map',
    (share) => {
      const state = stateOf('test', resized(share));
      for (const [weight, sampler] of state.samplers) {
        if (sampler.whole) continue;
        tf.tidy(() => {
          const shape = weight.shape as number[];
          const size = shape.reduce((a, b) => a * b, 1);
          const own = Float32Array.from(waves(size, 1));
          const expected = sampler.sampleArray(own, shape);
          const x = tf.tensor(own, shape);
          const sampled = sampler.sample(x);
          expect(sampled.shape).toEqual(sampler.shape(shape));
          const scale = Math.max(...expected.map(Math.abs));
          sampled.dataSync().forEach((value, i) => {
            expect(Math.abs(value - expected[i]!)).toBeLessThan(3e-6 * scale);
          });
          // Sampling is linear: <G, S x> = <S^T G, x>, for x of its own and for another.
          const g = Float32Array.from(waves(expected.length, 2));
          const back = tf
            .grad((c: tf.Tensor) => sampler.sample(c).mul(tf.tensor(g, sampled.shape)).sum())(x)
            .dataSync();
          for (const seed of [1, 9]) {
            const probe = Float32Array.from(waves(size, seed));
            const there = sampler.sampleArray(probe, shape);
            const bound = 1e-5 * Math.sqrt(dot(back, back) * dot(probe, probe));
            expect(Math.abs(dot(g, there) - dot(back, probe))).toBeLessThan(bound);
          }
        });
      }
    },
  );

  test('while positions are learned, weights and gradients are those at the positions of now', () => {
    const state = stateOf('test', resized(0.6));
    const groups = [...state.groups.values()].filter(({ whole, size }) => !whole && size > 1);
    const deltas = groups.map((group) => group.learn('trainable', 0));
    // At which values, and by how much gradients differ from differences, is told by one number.
    const values = deltas.map((d, i) =>
      Float32Array.from(waves(d.size, i), (v) => Math.fround(1 + 0.2 * v)),
    );
    deltas.forEach((d, i) => {
      d.assign(tf.tensor1d(values[i]!));
    });
    const begin = (at: readonly ArrayLike<number>[]) =>
      groups.forEach((group, i) => {
        group.begin(at[i]!);
      });
    const weights = [...state.samplers].filter(([, sampler]) => !sampler.whole);
    const loss = () =>
      tf.addN(
        weights.map(([weight, sampler], i) => {
          const own = sampler.sample(weight.read());
          return own.mul(tf.tensor(Float32Array.from(waves(own.size, i)), own.shape)).sum();
        }),
      ) as tf.Scalar;
    const { grads } = tf.variableGrads(() => {
      begin(values);
      return loss();
    }, deltas);
    // Differences of the same sum over arrays in float64 sums, at positions that stay.
    const total = (at: readonly ArrayLike<number>[]) => {
      groups.forEach((group, i) => {
        group.end();
        const positions = [...trainedPositions(at[i]!).positions];
        group.set({
          size: group.size,
          partition: { kind: 'trainable', deltas: Array.from(at[i]!) },
        });
        expect([...group.positions()]).toEqual(positions);
      });
      return weights.reduce((sum, [weight, sampler], i) => {
        const shape = weight.shape as number[];
        const own = sampler.sampleArray(weight.read().dataSync<'float32'>(), shape);
        return sum + dot(own, waves(own.length, i));
      }, 0);
    };
    for (const [i, group] of groups.entries()) {
      const gradient = grads[deltas[i]!.name]!.dataSync();
      const direction = waves(gradient.length, 4);
      const at = (shift: number) =>
        total(
          values.map((v, k) =>
            k === i ? Float64Array.from(v, (x, j) => x + shift * direction[j]!) : v,
          ),
        );
      const step = 1e-3;
      const difference = (at(step) - at(-step)) / (2 * step);
      const size = Math.sqrt(dot(gradient, gradient) * dot(direction, direction));
      expect(Math.abs(dot(gradient, direction) - difference), group.id).toBeLessThan(
        2e-3 * size + 1e-3,
      );
    }
  });
});

test('a pool shares matrices, frees what passes, and keeps to its limit', () => {
  const before = tf.memory().numTensors;
  const pool = new MatrixPool(100);
  let made = 0;
  const make = () => {
    made++;
    return { shape: [2, 8] as [number, number], values: new Float32Array(16) };
  };
  expect(pool.get('a', [], make)).toBe(pool.get('a', [], make));
  expect(made).toBe(1);
  pool.get('b', ['group'], make);
  pool.leave('group');
  expect(tf.memory().numTensors - before).toBe(1);
  pool.get('c', [], make);
  pool.trim();
  // The one that was not asked for longest.
  expect(tf.memory().numTensors - before).toBe(1);
  pool.get('c', [], make);
  expect(made).toBe(3);
  pool.clear();
  expect(tf.memory().numTensors).toBe(before);
});

test('no width leaves a tensor behind once the grids are back', () => {
  const [, build, shape] = forms[0]!;
  const model = toIntegral(build(), { order: 'identity' });
  const x = images(shape);
  const before = tf.memory().numTensors;
  for (const share of [0.5, 0.75, 0.5]) {
    const sizes = integralGroups(model).map(({ id, coefficients }) => [id, share * coefficients]);
    resize(model, Object.fromEntries(sizes));
    tf.tidy(() => void model.apply(x, { training: true }));
  }
  resize(model, Object.fromEntries(integralGroups(model).map((g) => [g.id, g.coefficients])));
  expect(tf.memory().numTensors).toBeGreaterThan(before);
  stateOf('test', model).pool.clear();
  expect(tf.memory().numTensors).toBe(before);
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  integrate,
  integrateSamples,
  type QuadratureName,
  quadrature,
  quadratureNames,
} from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const wave = (x: number) => Math.sin(10 * x);
const waveIntegral = (1 - Math.cos(10)) / 10;
const errorOf = (name: QuadratureName, nodes: number) =>
  Math.abs(integrate(wave, { quadrature: name, nodes }) - waveIntegral);

describe('the integral of sin(10 x) over [0, 1] against (1 - cos 10) / 10', () => {
  // Two digits each; float64 adds up 65 terms to about 1e-16.
  test.each([
    ['trapezoid', 9, 2.5e-2],
    ['simpson', 9, 3.1e-3],
    ['gauss-legendre', 9, 2.4e-9],
    ['trapezoid', 65, 3.7e-4],
    ['simpson', 65, 6.1e-7],
  ] as const)('%s with %i nodes is off by %s', (name, nodes, error) => {
    expect(errorOf(name, nodes) / error).toBeGreaterThan(0.96);
    expect(errorOf(name, nodes) / error).toBeLessThan(1.04);
  });

  test('gauss-legendre with 65 nodes is exact to the last bits', () => {
    expect(errorOf('gauss-legendre', 65)).toBeLessThan(3e-16);
  });

  // Halving the step divides the error by 2^order.
  test.each([
    ['midpoint', 2, 0],
    ['trapezoid', 2, 1],
    ['simpson', 4, 1],
  ] as const)('%s converges with order %i', (name, order, more) => {
    const at = (steps: number) => errorOf(name, steps + more);
    expect(Math.log2(at(64) / at(128))).toBeCloseTo(order, 1);
    expect(Math.log2(at(128) / at(256))).toBeCloseTo(order, 1);
  });

  test('simpson keeps its order with an even number of nodes, by its 3/8 tail', () => {
    const at = (steps: number) => errorOf('simpson', steps + 1);
    expect(Math.log2(at(65) / at(129))).toBeGreaterThan(3.8);
  });
});

describe('weights', () => {
  test('of known rules are those of the books', () => {
    const close = (name: QuadratureName, expected: number[]) => {
      const rule = quadrature(name);
      const weights = rule.weights(rule.nodes(expected.length));
      for (const [i, w] of expected.entries()) expect(weights[i]).toBeCloseTo(w, 14);
    };
    close('midpoint', [0.25, 0.25, 0.25, 0.25]);
    close('trapezoid', [1 / 6, 1 / 3, 1 / 3, 1 / 6]);
    close('simpson', [1 / 12, 4 / 12, 2 / 12, 4 / 12, 1 / 12]);
    close('simpson', [1 / 8, 3 / 8, 3 / 8, 1 / 8]);
    close('gauss-legendre', [5 / 18, 8 / 18, 5 / 18]);
  });

  const unevenNodes = fc
    .uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 20 })
    .map((list) => list.sort((a, b) => a - b).map((x) => x / 1000));

  test.each([
    ['midpoint', 0],
    ['trapezoid', 1],
    ['simpson', 2],
  ] as const)(
    'of %s integrate polynomials of degree %i exactly, whatever the nodes',
    (name, degree) => {
      fc.assert(
        fc.property(unevenNodes, (nodes) => {
          const weights = quadrature(name).weights(nodes);
          for (let k = 0; k <= degree; k++) {
            const sum = nodes.reduce((s, x, i) => s + weights[i]! * x ** k, 0);
            const size = nodes.reduce((s, x, i) => s + Math.abs(weights[i]!) * x ** k, 0);
            expect(Math.abs(sum - 1 / (k + 1))).toBeLessThan(1e-12 * Math.max(1, size));
          }
        }),
      );
    },
  );

  test('of gauss-legendre integrate degree 2 n - 1', () => {
    for (const n of [1, 2, 3, 8, 33, 200]) {
      const rule = quadrature('gauss-legendre');
      const nodes = rule.nodes(n);
      const weights = rule.weights(nodes);
      for (const k of [0, n, 2 * n - 1]) {
        const sum = nodes.reduce((s, x, i) => s + weights[i]! * x ** k, 0);
        expect(sum).toBeCloseTo(1 / (k + 1), 13);
      }
    }
  });
});

describe('integrate', () => {
  test('in three dims over a box', () => {
    const value = integrate((x, y, z) => Math.sin(x) * y * y * Math.exp(z), {
      domain: [
        [0, Math.PI],
        [-1, 2],
        [0, 1],
      ],
      nodes: [12, 4, 10],
      quadrature: ['gauss-legendre', 'simpson', 'gauss-legendre'],
    });
    expect(value).toBeCloseTo(2 * 3 * (Math.E - 1), 10);
  });

  test('over axes of a tensor, with the weights as gradient', () => {
    tf.tidy(() => {
      const x = tf.linspace(0, 1, 65);
      const samples = x
        .mul(10)
        .sin()
        .expandDims(1)
        .mul(tf.tensor2d([[1, 2]]));
      const out = integrateSamples(samples, { quadrature: 'simpson', axes: [0] });
      expect(out.shape).toEqual([2]);
      const [a, b] = out.dataSync();
      expect(a).toBeCloseTo(waveIntegral, 5);
      expect(b).toBeCloseTo(2 * waveIntegral, 5);
      const gradient = tf.grad((s: tf.Tensor) => integrateSamples(s, { quadrature: 'simpson' }))(
        tf.zeros([5]),
      );
      const expected = quadrature('simpson').weights(quadrature('simpson').nodes(5));
      for (const [i, g] of gradient.dataSync().entries()) expect(g).toBeCloseTo(expected[i]!, 6);
    });
  });

  test('leaks nothing', () => {
    const samples = tf.ones([3, 5]);
    const before = tf.memory().numTensors;
    integrateSamples(samples).dispose();
    expect(tf.memory().numTensors).toBe(before);
    samples.dispose();
  });
});

describe('bad input', () => {
  test('is named', () => {
    expect(() => quadrature('simson' as never)).toThrow(`one of ${quadratureNames.join(', ')}`);
    expect(() => integrate(wave, { nodes: 0 })).toThrow('at least 1, got 0');
    expect(() => integrate(wave, { nodes: [3, 3] })).toThrow('1 dims');
    expect(() => quadrature('trapezoid').weights([0, 0.5, 0.5])).toThrow('node 2 is 0.5 after 0.5');
    expect(() => quadrature('gauss-legendre').weights([0, 1])).toThrow('its own nodes alone');
    expect(() => integrateSamples(tf.ones([3]), { nodes: [[0, 1]] })).toThrow('3 samples');
  });
});

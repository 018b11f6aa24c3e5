import { expect, test } from 'vitest';
import {
  type LayerShape,
  materialize,
  type PrototypeOptions,
  planPrototype,
} from '../src/index.ts';
import { convMixer } from './networks.ts';

const small: LayerShape[] = [
  { name: 'a', shape: [3, 5], fanIn: 3 },
  { name: 'b', shape: [10, 10], fanIn: 10 },
  { name: 'c', shape: [5, 3], fanIn: 5 },
  { name: 'd', shape: [10, 10], fanIn: 40 },
  { name: 'e', shape: [3, 5], fanIn: 3 },
];
const normal = { distribution: 'kaiming-normal' } as const;
const owners = (options: PrototypeOptions): string[] =>
  planPrototype(small, options).fills.map(({ source }) => `${source.stream}:${source.length}`);

test('full draws every layer for itself', () => {
  expect(owners({ strategy: 'full' })).toEqual(
    [15, 100, 15, 100, 15].map((size, i) => `prototype/${i}:${size}`),
  );
});

test('one-layer shares among layers of equal shape, not merely of equal size', () => {
  const expected = [
    'prototype/0:15',
    'prototype/1:100',
    'prototype/2:15',
    'prototype/1:100',
    'prototype/0:15',
  ];
  expect(owners({ strategy: 'one-layer' })).toEqual(expected);
});

test('max-layer padding gives every layer the first values of the largest', () => {
  expect(new Set(owners({ strategy: 'max-layer' }))).toEqual(new Set(['prototype/1:100']));
  const [a, b, c, d] = materialize(planPrototype(small, { strategy: 'max-layer', ...normal }));
  expect(d).toEqual(b);
  expect(a).toEqual(b!.subarray(0, 15));
  expect(c).toEqual(a);
});

test('random-vector padding repeats floor(N * ratio) + 1 values from the start of every layer', () => {
  const plan = planPrototype(small, { ratio: 0.06, ...normal });
  expect(plan.uniqueValues).toBe(7);
  for (const values of materialize(plan)) {
    expect(values).toEqual(values.map((_, i) => values[i % 7]!));
    expect(new Set(values).size).toBe(7);
  }
  expect(planPrototype(small, { ratio: 1 }).uniqueValues).toBe(100);
});

test.each([7, 4096, 5000, 49_999])(
  'a vector of %i values is repeated through a large layer',
  (length) => {
    const layers = [{ name: 'large', shape: [50_000], fanIn: 8 }];
    const ratio = (length - 0.5) / 50_000;
    const [values] = materialize(planPrototype(layers, { ratio, ...normal }));
    expect(new Set(values!.subarray(0, length)).size).toBeGreaterThan(length * 0.99);
    expect(values).toEqual(values!.map((_, i) => values![i % length]!));
  },
);

test('a shared prototype is drawn with the fan-in of the layer it belongs to', () => {
  for (const strategy of ['max-layer', 'random-vector'] as const) {
    expect(planPrototype(small, { strategy }).sources[0]!.scale).toBe(Math.sqrt(2 / 10));
  }
  const [, b] = planPrototype(small, { strategy: 'one-layer' }).sources;
  expect(b!.scale).toBe(Math.sqrt(2 / 10));
});

test('keep multiplies the fan-in, as edge-popup does with scaleFan', () => {
  expect(planPrototype(small, { keep: 0.5 }).sources[0]!.scale).toBe(Math.sqrt(2 / 5));
});

test('running offsets go on where the layer before ended', () => {
  const { fills } = planPrototype(small, { ratio: 0.06, offset: 'running' });
  expect(fills.map(({ offset }) => offset)).toEqual([0, 15 % 7, 115 % 7, 130 % 7, 230 % 7]);
  const oneLayer = planPrototype(small, { strategy: 'one-layer', offset: 'running' });
  expect(oneLayer.fills.map(({ offset }) => offset)).toEqual([0, 0, 0, 0, 0]);
});

test('hashed offsets spread over the prototype, and leave a layer alone that shares with none', () => {
  const many = Array.from({ length: 400 }, (_, i) => ({ name: `${i}`, shape: [50, 2], fanIn: 50 }));
  const plan = (seed: number) => planPrototype(many, { ratio: 0.99, offset: 'hashed', seed });
  const counts = new Uint32Array(4);
  for (const { offset } of plan(1).fills) counts[Math.floor(offset / 25)]!++;
  // 100 expected in each quarter, standard deviation 8.7.
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(35);
  expect(plan(2).fills).not.toEqual(plan(1).fills);
  const { fills } = planPrototype(small, { strategy: 'full', offset: 'hashed' });
  expect(fills.every(({ offset }) => offset === 0)).toBe(true);
});

test('rescaling gives every layer the deviation of its own fan-in', () => {
  const layers = [
    { name: 'wide', shape: [400, 500], fanIn: 400 },
    { name: 'narrow', shape: [25, 4000], fanIn: 25 },
  ];
  for (const rescale of ['none', 'fan-in'] as const) {
    const filled = materialize(
      planPrototype(layers, { strategy: 'max-layer', rescale, ...normal }),
    );
    filled.forEach((values, i) => {
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      const fanIn = rescale === 'none' ? 400 : layers[i]!.fanIn;
      // Four standard errors of a variance from 100,000 values or more.
      expect(Math.abs(variance * (fanIn / 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
    });
  }
});

test('the bytes are those the paper counts for ConvMixer: 53.6 KiB and 280 KiB with masks', () => {
  const kibibytes = (dim: number, depth: number, ratio: number): number => {
    const plan = planPrototype(convMixer(dim, depth), { ratio });
    return (plan.storedBytes('float32') + plan.totalWeights / 8) / 1024;
  };
  expect(kibibytes(256, 6, 1e-3)).toBeCloseTo(53.6, 1);
  expect(kibibytes(512, 8, 1e-2)).toBeCloseTo(280.1, 1);
});

test("the paper's ratio stays below its ceiling of 96.875 % and is negative where nothing is shared", () => {
  expect(planPrototype(convMixer(256, 6), { ratio: 1e-5 }).paperRatio()).toBeCloseTo(0.96875, 4);
  expect(planPrototype(convMixer(256, 6), { strategy: 'full' }).paperRatio()).toBe(-1 / 32);
});

test('plans survive JSON, and two layers never share memory', () => {
  const plan = planPrototype(small);
  expect(JSON.parse(JSON.stringify(plan.fills))).toEqual(plan.fills);
  const buffers = materialize(plan).map(({ buffer }) => buffer);
  expect(new Set(buffers).size).toBe(small.length);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Distribution,
  drawSource,
  fillLayer,
  type LayerShape,
  materialize,
  type OffsetRule,
  planPrototype,
  type RescaleRule,
  type Strategy,
} from '../src/index.ts';
import { strategies } from '../src/strategies/index.ts';

const layer = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    fanIn: fc.integer({ min: 1, max: 500 }),
  })
  .map(({ shape, fanIn }) => ({ name: 'layer', shape, fanIn }));
const network: fc.Arbitrary<LayerShape[]> = fc.array(layer, { minLength: 1, maxLength: 8 });
const rules = fc.record({
  ratio: fc.oneof(fc.constantFrom(1, 1e-6, 0.5), fc.double({ min: 1e-4, max: 1, noNaN: true })),
  seed: fc.nat(),
  distribution: fc.constantFrom<Distribution>(
    'kaiming-normal',
    'kaiming-uniform',
    'signed-constant',
    'normal',
    'uniform',
  ),
  offset: fc.constantFrom<OffsetRule>('zero', 'running', 'hashed'),
  rescale: fc.constantFrom<RescaleRule>('none', 'fan-in'),
});

// What every strategy promises, whatever it does.
describe.each(Object.keys(strategies) as Strategy[])('the strategy %s', (strategy) => {
  test('assigns every layer a prototype that is no longer than its owner and the same for all readers', () => {
    fc.assert(
      fc.property(network, rules, (layers, { ratio }) => {
        const sized = layers.map(({ shape }) => ({
          shape,
          size: shape.reduce((a, b) => a * b, 1),
        }));
        const assignments = strategies[strategy](sized, { ratio });
        expect(assignments).toHaveLength(layers.length);
        for (const { owner, length } of assignments) {
          expect(assignments[owner]).toEqual({ owner, length });
          expect(length).toBeGreaterThanOrEqual(1);
          expect(length).toBeLessThanOrEqual(sized[owner]!.size);
        }
      }),
    );
  });

  test('fills every weight with value (offset + i) mod length of its source, times scale', () => {
    fc.assert(
      fc.property(network, rules, (layers, options) => {
        const plan = planPrototype(layers, { strategy, ...options });
        const filled = materialize(plan);
        expect(filled).toHaveLength(layers.length);
        plan.fills.forEach((fill, index) => {
          const values = drawSource(fill.source);
          const expected = Float32Array.from(
            { length: fill.size },
            (_, i) => values[(fill.offset + i) % fill.source.length]! * fill.scale,
          );
          expect(filled[index]).toEqual(expected);
          // One layer alone, from JSON, from the seed or from stored values.
          const copy = JSON.parse(JSON.stringify(fill));
          expect(fillLayer(copy)).toEqual(expected);
          expect(fillLayer(copy, values)).toEqual(expected);
        });
      }),
      { numRuns: 40 },
    );
  });

  test('counts what it draws, and draws nothing that no weight reads', () => {
    fc.assert(
      fc.property(network, rules, (layers, options) => {
        const plan = planPrototype(layers, { strategy, ...options });
        const read = plan.fills.flatMap(({ source, offset, size }) =>
          Array.from(
            { length: size },
            (_, i) => `${source.stream} ${(offset + i) % source.length}`,
          ),
        );
        expect(new Set(read).size).toBe(plan.uniqueValues);
        expect(read).toHaveLength(plan.totalWeights);
        expect(plan.sources.reduce((sum, { length }) => sum + length, 0)).toBe(plan.uniqueValues);
        expect(plan.storedBytes('seed')).toBe(0);
        expect(plan.storedBytes('float32')).toBe(4 * plan.uniqueValues);
        const dense = 32 * plan.totalWeights;
        const stored = 32 * plan.uniqueValues + plan.totalWeights;
        expect(plan.paperRatio()).toBeCloseTo((dense - stored) / dense, 12);
      }),
    );
  });

  test('depends on the seed and not on the names of layers', () => {
    fc.assert(
      fc.property(network, rules, (layers, options) => {
        const values = (list: LayerShape[], seed: number) =>
          materialize(
            planPrototype(list, { strategy, ...options, distribution: 'kaiming-normal', seed }),
          );
        const renamed = layers.map((entry, i) => ({ ...entry, name: `other ${i}` }));
        expect(values(renamed, 7)).toEqual(values(layers, 7));
        expect(values(layers, 8)).not.toEqual(values(layers, 7));
      }),
      { numRuns: 30 },
    );
  });

  test('shares with the full strategy the values of the layer that owns a prototype', () => {
    fc.assert(
      fc.property(network, rules, (layers, { ratio, seed, distribution }) => {
        const full = materialize(planPrototype(layers, { strategy: 'full', seed, distribution }));
        const plan = planPrototype(layers, { strategy, ratio, seed, distribution });
        for (const source of plan.sources) {
          const owner = Number(source.stream.split('/')[1]);
          expect(drawSource(source)).toEqual(full[owner]!.subarray(0, source.length));
        }
      }),
    );
  });
});

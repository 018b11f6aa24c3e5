import { expect, test } from 'vitest';
import { fillLayer, type LayerFill, type PrototypeOptions, planPrototype } from '../src/index.ts';

const layers = [{ name: 'dense', shape: [4, 3], fanIn: 4 }];

test.each([
  [
    { strategy: 'half' },
    'planPrototype takes one of full, one-layer, max-layer, random-vector as strategy; it got half.',
  ],
  [{ distribution: 'constructor' }, 'as distribution; it got constructor'],
  [{ offset: 'random' }, 'one of zero, running, hashed as offset'],
  [{ rescale: 'yes' }, 'one of none, fan-in as rescale'],
  [{ ratio: 0 }, 'a share above 0 and up to 1 as ratio; it got 0'],
  [{ ratio: 1.1 }, 'it got 1.1'],
  [{ keep: Number.NaN }, 'as keep; it got NaN'],
  [{ std: -1 }, 'a finite number above 0 as std; it got -1'],
  [{ limit: Infinity }, 'as limit; it got Infinity'],
  [{ seed: 1.5 }, 'a safe integer of 0 or more as seed; it got 1.5'],
  [
    { ration: 0.1 },
    "seed, distribution, std, limit, keep, offset, rescale as options; it got 'ration'",
  ],
  [{ constructor: 1 }, "it got 'constructor'"],
] as [object, string][])('options %o are refused', (options, message) => {
  expect(() => planPrototype(layers, options as PrototypeOptions)).toThrow(message);
});

test('layers without weights, or without a fan-in, are refused by name', () => {
  expect(() => planPrototype([])).toThrow('planPrototype takes one layer or more; it got none.');
  const plan = (shape: number[], fanIn: number) => () =>
    planPrototype([{ name: 'dense', shape, fanIn }]);
  expect(plan([4, 0], 4)).toThrow("the shape of layer 'dense'; it got [4, 0]");
  expect(plan([4, 1.5], 4)).toThrow('[4, 1.5]');
  expect(plan([2 ** 30, 2 ** 30], 4)).toThrow("the size of layer 'dense'");
  expect(plan([4], 0)).toThrow("the fan-in of layer 'dense'; it got 0");
});

const fill = planPrototype(layers).fills[0]!;
test.each([
  [{ size: 13 }, 'size 13 for shape [4, 3]'],
  [{ offset: 1 }, 'offset 1 into 1 values'],
  [{ offset: -1 }, 'offset -1'],
  [{ scale: Number.NaN }, 'scale NaN'],
  [{ source: { ...fill.source, length: 0 } }, 'a source of length 0'],
  [{ source: { ...fill.source, scale: Infinity } }, 'a source of scale Infinity'],
  [{ source: { ...fill.source, distribution: 'toString' } }, "distribution 'toString'"],
] as [Partial<LayerFill>, string][])('a fill with %o is refused', (change, message) => {
  expect(() => fillLayer({ ...fill, ...change })).toThrow(RangeError);
  expect(() => fillLayer({ ...fill, ...change })).toThrow(`layer 'dense': it got ${message}`);
});

test('stored values of another length are refused', () => {
  expect(() => fillLayer(fill, new Float32Array(2))).toThrow('2 values for a source of 1');
});

import { rng, stream } from '@pleat/random';
import { expect, test } from 'vitest';
import { cropPadded } from '../src/augment/crop.ts';
import { flipHorizontal } from '../src/augment/flip.ts';
import { type AugmentStep, renderer } from '../src/augment/pipeline.ts';
import { randAugmentOperations } from '../src/augment/rand-augment.ts';
import { drawRegion } from '../src/augment/region.ts';
import type { ImageShape } from '../src/augment/step.ts';
import { errorOf } from './helpers.ts';

const image = (shape: ImageShape, seed = 1): Uint8Array => {
  const random = rng(stream(seed, 'image'));
  return Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.integer(256));
};

function render(
  from: Uint8Array,
  shape: ImageShape,
  augment: AugmentStep[],
  {
    index = 0,
    epoch = 0,
    seed = 0,
    normalize,
  }: {
    index?: number;
    epoch?: number;
    seed?: number;
    normalize?: { mean: number[]; std: number[] };
  } = {},
): Float32Array {
  const out = new Float32Array(from.length);
  renderer({ shape, seed, epoch, augment, normalize })(from, index, out);
  return out;
}
const asBytes = (out: Float32Array): number[] =>
  Array.from(out, (value) => Math.round(value * 255));

test('crop: a window of the padded image, worked out by hand', () => {
  const from = Uint8Array.of(1, 2, 3, 4, 5, 6); // 2 x 3
  const to = new Uint8Array(6);
  cropPadded(from, to, [2, 3, 1], { padding: 1 }, 0, 0);
  expect([...to]).toEqual([0, 0, 0, 0, 1, 2]);
  cropPadded(from, to, [2, 3, 1], { padding: 1 }, 2, 2);
  expect([...to]).toEqual([5, 6, 0, 0, 0, 0]);
  cropPadded(from, to, [2, 3, 1], { padding: 1, mode: 'reflect' }, 0, 0);
  expect([...to]).toEqual([5, 4, 5, 2, 1, 2]);
  cropPadded(from, to, [2, 3, 1], { padding: 1, mode: 'reflect' }, 2, 2);
  expect([...to]).toEqual([5, 6, 5, 2, 3, 2]);
});

test('random crop: every window equally often', () => {
  const shape = [3, 3, 1] as const;
  const from = Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0);
  const seen = new Map<string, number>();
  const run = renderer({
    shape,
    seed: 3,
    epoch: 0,
    augment: [{ name: 'random-crop', padding: 1 }],
    normalize: undefined,
  });
  const out = new Float32Array(9);
  const n = 9000;
  for (let index = 0; index < n; index++) {
    run(from, index, out);
    const key = asBytes(out).join();
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  expect(seen.size).toBe(9);
  // Binomial: 1000 +- 30; six deviations.
  for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(180);
});

test('flip: mirrors columns, in about half of the images, twice is nothing', () => {
  const shape = [2, 3, 2] as const;
  const from = image(shape);
  const once = new Uint8Array(from.length);
  const twice = new Uint8Array(from.length);
  flipHorizontal(from, once, shape);
  flipHorizontal(once, twice, shape);
  expect([...once.subarray(0, 6)]).toEqual([from[4], from[5], from[2], from[3], from[0], from[1]]);
  expect(twice).toEqual(from);
  const flipped = Array.from({ length: 2000 }, (_, index) =>
    asBytes(render(from, shape, [{ name: 'flip' }], { index })).join() === [...once].join() ? 1 : 0,
  ).reduce<number>((a, b) => a + b, 0);
  expect(Math.abs(flipped - 1000)).toBeLessThan(135);
  expect(asBytes(render(from, shape, [{ name: 'flip', p: 1 }]))).toEqual([...once]);
  expect(asBytes(render(from, shape, [{ name: 'flip', p: 0 }]))).toEqual([...from]);
});

test('normalisation: (v / 255 - mean) / std per channel', () => {
  const shape = [1, 2, 3] as const;
  const from = Uint8Array.of(0, 128, 255, 51, 102, 204);
  const normalize = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] };
  const out = render(from, shape, [], { normalize });
  const wanted = [-0.2, (128 / 255 - 0.2) / 0.25, 0.35, 0.2, 0.8, 0.25];
  wanted.forEach((value, i) => {
    expect(out[i]).toBeCloseTo(value, 6);
  });
});

test('random resized crop: the drawn areas and ratios fill their ranges evenly', () => {
  const random = rng(stream(5, 'regions'));
  const shape = [1000, 1000, 1] as const;
  const areas: number[] = [];
  const ratios: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const region = drawRegion(shape, [0.08, 0.5], [3 / 4, 4 / 3], [1000, 1000], random)!;
    expect(region.top + region.height).toBeLessThanOrEqual(1000);
    expect(region.left + region.width).toBeLessThanOrEqual(1000);
    areas.push((region.height * region.width) / 1e6);
    ratios.push(Math.log(region.width / region.height));
  }
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  // At most half the area at these ratios always fits, so nothing is rejected and both are uniform.
  expect(Math.abs(mean(areas) - 0.29)).toBeLessThan(0.012);
  expect(Math.abs(mean(ratios))).toBeLessThan(0.016);
  expect(Math.min(...areas)).toBeGreaterThan(0.079);
  expect(Math.max(...areas)).toBeLessThan(0.501);
  expect(Math.abs(Math.max(...ratios) - Math.log(4 / 3))).toBeLessThan(0.01);
});

test('random resized crop: a ratio that cannot fit falls back to the middle', () => {
  const shape = [2, 8, 1] as const;
  const from = Uint8Array.from({ length: 16 }, (_, i) => (i % 8) * 20);
  // Whole area at ratio 1 is 4 x 4 in an image of height 2: never fits. The middle is 2 x 2, columns 3 and 4.
  const step = { name: 'random-resized-crop', scale: [1, 1], ratio: [1, 1] } as const;
  const wanted = Array.from({ length: 8 }, (_, x) => {
    const position = Math.min(Math.max((x + 0.5) / 4 - 0.5, 0), 1);
    return Math.round(60 + 20 * position);
  });
  expect(asBytes(render(from, shape, [step]))).toEqual([...wanted, ...wanted]);
});

test('random resized crop of a region: bilinear by float64, within a rounding of each pass', () => {
  const shape = [16, 16, 3] as const;
  const from = image(shape);
  for (let index = 0; index < 50; index++) {
    // The same draws as the step makes: its region is the first thing drawn.
    const random = rng(stream(0, 'datasets/augment/0'), index * 65536);
    const region = drawRegion(shape, [0.08, 1], [3 / 4, 4 / 3], [16, 16], random)!;
    const got = asBytes(render(from, shape, [{ name: 'random-resized-crop' }], { index }));
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        for (let c = 0; c < 3; c++) {
          const sy = Math.min(
            Math.max(((y + 0.5) * region.height) / 16 - 0.5, 0),
            region.height - 1,
          );
          const sx = Math.min(Math.max(((x + 0.5) * region.width) / 16 - 0.5, 0), region.width - 1);
          const at = (dy: number, dx: number) => {
            const row = region.top + Math.min(Math.floor(sy) + dy, region.height - 1);
            const column = region.left + Math.min(Math.floor(sx) + dx, region.width - 1);
            return from[(row * 16 + column) * 3 + c]!;
          };
          const fy = sy - Math.floor(sy);
          const fx = sx - Math.floor(sx);
          const value =
            (1 - fy) * ((1 - fx) * at(0, 0) + fx * at(0, 1)) +
            fy * ((1 - fx) * at(1, 0) + fx * at(1, 1));
          expect(Math.abs(got[(y * 16 + x) * 3 + c]! - value)).toBeLessThanOrEqual(1.01);
        }
      }
    }
  }
});

test('random erasing: one rectangle of the fill, of an allowed area, in the share p of the images', () => {
  const shape = [32, 32, 3] as const;
  const from = new Uint8Array(32 * 32 * 3).fill(255);
  const step = { name: 'random-erasing', p: 0.25, value: -7 } as const;
  let erased = 0;
  for (let index = 0; index < 2000; index++) {
    const out = render(from, shape, [step], { index });
    const rows: number[] = [];
    const columns: number[] = [];
    let hit = 0;
    out.forEach((value, i) => {
      if (value === 1) return;
      if (value !== -7) throw new Error(`pixel ${i} of image ${index} is ${value}`);
      hit++;
      rows.push(Math.floor(i / 96));
      columns.push(Math.floor((i % 96) / 3));
    });
    if (hit === 0) continue;
    erased++;
    const height = Math.max(...rows) - Math.min(...rows) + 1;
    const width = Math.max(...columns) - Math.min(...columns) + 1;
    expect(height * width * 3).toBe(hit);
    expect(hit / 3072).toBeGreaterThan(0.01);
    expect(hit / 3072).toBeLessThan(0.36);
  }
  expect(Math.abs(erased - 500)).toBeLessThan(117);
});

test('random erasing with noise: standard normal, different in every image, the same every time', () => {
  const shape = [32, 32, 3] as const;
  const from = new Uint8Array(32 * 32 * 3);
  const step = { name: 'random-erasing', p: 1, scale: [0.3, 0.3], value: 'random' } as const;
  const normalize = { mean: [-100, -100, -100], std: [1, 1, 1] };
  const noise = (index: number) =>
    render(from, shape, [step], { index, normalize }).filter((value) => value !== 100);
  const first = noise(0);
  expect(noise(0)).toEqual(first);
  expect(noise(1)).not.toEqual(first);
  const all = Array.from({ length: 40 }, (_, index) => [...noise(index)]).flat();
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  const variance = all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});

test('colour jitter: amounts of 0 change nothing; brightness alone is a factor in its range', () => {
  const shape = [8, 8, 3] as const;
  const from = image(shape);
  expect(asBytes(render(from, shape, [{ name: 'color-jitter' }]))).toEqual([...from]);
  const flat = new Uint8Array(192).fill(100);
  const factors = Array.from(
    { length: 500 },
    (_, index) =>
      asBytes(render(flat, shape, [{ name: 'color-jitter', brightness: 0.4 }], { index }))[0]! /
      100,
  );
  expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.59);
  expect(Math.max(...factors)).toBeLessThanOrEqual(1.4);
  expect(Math.min(...factors)).toBeLessThan(0.62);
  expect(Math.max(...factors)).toBeGreaterThan(1.38);
});

test('colour jitter: each change by a factor of its own, in an order drawn for each image', () => {
  const shape = [1, 2, 1] as const;
  const from = Uint8Array.of(0, 250);
  const step = { name: 'color-jitter', brightness: 1, contrast: 1 } as const;
  const brighten = (values: number[], factor: number) =>
    values.map((v) => Math.min(255, v * factor));
  const contrast = (values: number[], factor: number) => {
    const grey = (values[0]! + values[1]!) / 2;
    return values.map((v) => Math.min(255, Math.max(0, grey + factor * (v - grey))));
  };
  let contrastFirst = 0;
  for (let index = 0; index < 200; index++) {
    const got = asBytes(render(from, shape, [step], { index }));
    const random = rng(stream(0, 'datasets/augment/0'), index * 65536);
    const order = random.integer(2) === 0 ? [contrast, brighten] : [brighten, contrast];
    if (order[0] === contrast) contrastFirst++;
    let wanted = [...from];
    for (const change of order) wanted = change(wanted, random.uniform(0, 2));
    // Truncated to bytes after each change, the first of them magnified by the second.
    wanted.forEach((value, i) => {
      expect(Math.abs(got[i]! - value)).toBeLessThan(4);
    });
  }
  expect(contrastFirst).toBeGreaterThan(60);
  expect(contrastFirst).toBeLessThan(140);
});

test('grey images pass every step: colour-only changes leave them alone', () => {
  const shape = [12, 10, 1] as const;
  const from = image(shape);
  const jitter = { name: 'color-jitter', saturation: 0.9, hue: 0.5 } as const;
  expect(asBytes(render(from, shape, [jitter], { index: 4 }))).toEqual([...from]);
  const color = randAugmentOperations.find(({ name }) => name === 'color')!;
  const to = new Uint8Array(from.length);
  color.run(from, to, shape, 1, 1);
  expect(to).toEqual(from);
  const all: AugmentStep[] = [
    { name: 'random-crop', padding: 2 },
    { name: 'flip' },
    { name: 'random-resized-crop' },
    { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
    { name: 'rand-augment', n: 3, magnitude: 15 },
    { name: 'random-erasing', value: 'random' },
  ];
  for (let index = 0; index < 300; index++) {
    expect(render(from, shape, all, { index }).every(Number.isFinite)).toBe(true);
  }
});

test('RandAugment: 14 operations, all drawn about equally often; strength 0 of n = 1 is mild', () => {
  expect(randAugmentOperations.map(({ name }) => name)).toEqual([
    'identity',
    'shear-x',
    'shear-y',
    'translate-x',
    'translate-y',
    'rotate',
    'brightness',
    'color',
    'contrast',
    'sharpness',
    'posterize',
    'solarize',
    'auto-contrast',
    'equalize',
  ]);
  const shape = [16, 16, 3] as const;
  const from = image(shape);
  const counts = new Map<string, number>();
  const wanted = randAugmentOperations.flatMap(({ name, signed, run }) =>
    (signed ? ([1, -1] as const) : ([1] as const)).map((sign) => {
      const to = new Uint8Array(from.length);
      run(from, to, shape, 0.5, sign);
      return [[...to].join(), name] as const;
    }),
  );
  const byPixels = new Map(wanted);
  for (let index = 0; index < 2800; index++) {
    const key = asBytes(
      render(from, shape, [{ name: 'rand-augment', n: 1, magnitude: 15 }], { index }),
    ).join();
    const name = byPixels.get(key);
    expect(name).toBeDefined();
    counts.set(name!, (counts.get(name!) ?? 0) + 1);
  }
  // Noise that fills 0..255 is its own auto-contrast, so identity and auto-contrast may look alike.
  for (const name of ['shear-x', 'rotate', 'solarize', 'equalize', 'color']) {
    expect(Math.abs(counts.get(name)! - 200)).toBeLessThan(85);
  }
});

test('RandAugment: ranges at full strength, as torchvision has them', () => {
  const shape = [331, 331, 1] as const;
  const from = new Uint8Array(331 * 331);
  from[165 * 331 + 165] = 200;
  const to = new Uint8Array(from.length);
  const spot = (name: string, strength: number, sign: 1 | -1) => {
    randAugmentOperations
      .find((operation) => operation.name === name)!
      .run(from, to, shape, strength, sign);
    const at = to.findIndex((value) => value > 0);
    return [Math.floor(at / 331), at % 331];
  };
  expect(spot('translate-x', 1, 1)).toEqual([165, 315]);
  expect(spot('translate-x', 1, -1)).toEqual([165, 15]);
  expect(spot('translate-y', 0.4, 1)).toEqual([225, 165]);
  expect(spot('shear-x', 1, 1)).toEqual([165, 115]);
  expect(spot('rotate', 1, 1)).toEqual([165, 165]);
});

test('several steps in a row are the steps one after another', () => {
  const shape = [9, 7, 3] as const;
  const from = image(shape);
  const flipped = new Uint8Array(from.length);
  flipHorizontal(from, flipped, shape);
  const always = { name: 'flip', p: 1 } as const;
  expect(asBytes(render(from, shape, [always, always]))).toEqual([...from]);
  expect(asBytes(render(from, shape, [always, always, always]))).toEqual([...flipped]);
  expect(asBytes(render(from, shape, [{ name: 'rand-augment', n: 0 }, always]))).toEqual([
    ...flipped,
  ]);
});

test('what an image becomes depends on seed, epoch and index alone', () => {
  const shape = [32, 32, 3] as const;
  const from = image(shape);
  const augment: AugmentStep[] = [
    { name: 'random-resized-crop' },
    { name: 'rand-augment', n: 2, magnitude: 12 },
    { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
    { name: 'random-erasing', value: 'random' },
  ];
  const base = render(from, shape, augment, { index: 7, epoch: 1, seed: 2 });
  const run = renderer({ shape, seed: 2, epoch: 1, augment, normalize: undefined });
  const out = new Float32Array(from.length);
  for (const index of [3, 60000, 7]) run(image(shape, index), index, out);
  run(from, 7, out);
  expect(out).toEqual(base);
  expect(render(from, shape, augment, { index: 8, epoch: 1, seed: 2 })).not.toEqual(base);
  expect(render(from, shape, augment, { index: 7, epoch: 2, seed: 2 })).not.toEqual(base);
  expect(render(from, shape, augment, { index: 7, epoch: 1, seed: 3 })).not.toEqual(base);
});

test('steps that make no sense are refused by name', async () => {
  const shape = [8, 8, 1] as const;
  const refused: [AugmentStep[], RegExp][] = [
    [[{ name: 'flip', p: 1.5 }], /flip: p to be a number of 0..1, found 1.5/],
    [[{ name: 'random-crop', padding: -1 }], /padding to be a whole number/],
    [
      [{ name: 'random-crop', padding: 8, mode: 'reflect' }],
      /padding to be a whole number of 0..7/,
    ],
    [[{ name: 'random-resized-crop', scale: [0.5, 0.1] }], /scale to be two rising numbers/],
    [[{ name: 'color-jitter', hue: 0.6 }], /hue to be a number of 0..0.5/],
    [[{ name: 'rand-augment', magnitude: 31 }], /magnitude to be a number of 0..30/],
    [[{ name: 'random-erasing', p: Number.NaN }], /random-erasing: p/],
    [[{ name: 'random-erasing' }, { name: 'flip' }], /random-erasing after all other steps/],
    [[{ name: 'cutmix' } as unknown as AugmentStep], /known name, found "cutmix"/],
  ];
  for (const [augment, message] of refused) {
    const error = await errorOf(() =>
      renderer({ shape, seed: 0, epoch: 0, augment, normalize: undefined }),
    );
    expect(error.code).toBe('bad-option');
    expect(error.message).toMatch(message);
  }
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rotation, warp } from '../src/augment/affine.ts';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
} from '../src/augment/color.ts';
import type { Region } from '../src/augment/region.ts';
import { regionEnlarger } from '../src/augment/resize.ts';
import type { ImageShape } from '../src/augment/step.ts';
import { autoContrast, equalize, posterize, solarize } from '../src/augment/tone.ts';

// Made by Pillow itself: scripts/make-pillow-reference.py.
interface Reference {
  images: Record<string, { shape: [number, number, number]; pixels: string }>;
  cases: { image: string; operation: string; argument: never; result: string }[];
}
const path = new URL('./fixtures/pillow.json', import.meta.url);
const reference = JSON.parse(readFileSync(path, 'utf8')) as Reference;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

type Run = (from: Uint8Array, to: Uint8Array, shape: ImageShape, argument: never) => void;
const operations: Record<string, Run> = {
  brightness: (from, to, _, factor: number) => adjustBrightness(from, to, factor),
  contrast: adjustContrast,
  sharpness: adjustSharpness,
  saturation: (from, to, _, factor: number) => adjustSaturation(from, to, factor),
  hue: (from, to, _, shift: number) => adjustHue(from, to, shift),
  posterize: (from, to, _, bits: number) => posterize(from, to, bits),
  solarize: (from, to, _, threshold: number) => solarize(from, to, threshold),
  'auto-contrast': autoContrast,
  equalize,
  'shear-x': (from, to, shape, level: number) => warp(from, to, shape, [1, level, 0, 0, 1, 0]),
  'shear-y': (from, to, shape, level: number) => warp(from, to, shape, [1, 0, 0, level, 1, 0]),
  'translate-x': (from, to, shape, by: number) => warp(from, to, shape, [1, 0, -by, 0, 1, 0]),
  'translate-y': (from, to, shape, by: number) => warp(from, to, shape, [1, 0, 0, 0, 1, -by]),
  enlarge: (from, to, shape, region: Region) => regionEnlarger(shape)(from, to, region),
  rotate: (from, to, shape, degrees: number) => warp(from, to, shape, rotation(shape, degrees)),
};

const names = [...new Set(reference.cases.map(({ operation }) => operation))];
test.each(names)('%s gives the bytes of Pillow', (name) => {
  const cases = reference.cases.filter(({ operation }) => operation === name);
  expect(cases.length).toBeGreaterThan(4);
  for (const { image, argument, result } of cases) {
    const { shape, pixels } = reference.images[image]!;
    const from = bytes(pixels);
    const kept = from.slice();
    const to = new Uint8Array(from.length).fill(123);
    operations[name]!(from, to, shape, argument);
    expect(to, `${name}(${image}, ${JSON.stringify(argument)})`).toEqual(bytes(result));
    expect(from).toEqual(kept);
  }
});

import { whole, within } from '../options.ts';
import { rotation, warp } from './affine.ts';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color.ts';
import type { ImageShape, PixelStep } from './step.ts';
import { autoContrast, equalize, posterize, solarize } from './tone.ts';

/** Options of the step `rand-augment`. */
export interface RandAugment {
  name: 'rand-augment';
  /** How many operations each image gets; default 2. */
  n?: number;
  /** Their strength, 0..30; default 9. */
  magnitude?: number;
}

/** One operation of RandAugment at a strength of 0..1, with the sign drawn for it. */
type Operation = (
  from: Uint8Array,
  to: Uint8Array,
  shape: ImageShape,
  strength: number,
  sign: 1 | -1,
) => void;

/** Farthest translation, as a share of the image's side. */
const reach = 150 / 331;

/** The 14 operations, with the ranges torchvision gives them. */
export const randAugmentOperations: readonly { name: string; signed: boolean; run: Operation }[] = [
  { name: 'identity', signed: false, run: (from, to) => to.set(from) },
  {
    name: 'shear-x',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      warp(from, to, shape, [1, sign * 0.3 * strength, 0, 0, 1, 0]),
  },
  {
    name: 'shear-y',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      warp(from, to, shape, [1, 0, 0, sign * 0.3 * strength, 1, 0]),
  },
  {
    name: 'translate-x',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      warp(from, to, shape, [1, 0, -sign * Math.trunc(reach * shape[1] * strength), 0, 1, 0]),
  },
  {
    name: 'translate-y',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      warp(from, to, shape, [1, 0, 0, 0, 1, -sign * Math.trunc(reach * shape[0] * strength)]),
  },
  {
    name: 'rotate',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      warp(from, to, shape, rotation(shape, sign * 30 * strength)),
  },
  {
    name: 'brightness',
    signed: true,
    run: (from, to, _, strength, sign) => adjustBrightness(from, to, 1 + sign * 0.9 * strength),
  },
  {
    name: 'color',
    signed: true,
    run: (from, to, shape, strength, sign) => {
      if (shape[2] === 3) adjustSaturation(from, to, 1 + sign * 0.9 * strength);
      else to.set(from);
    },
  },
  {
    name: 'contrast',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      adjustContrast(from, to, shape, 1 + sign * 0.9 * strength),
  },
  {
    name: 'sharpness',
    signed: true,
    run: (from, to, shape, strength, sign) =>
      adjustSharpness(from, to, shape, 1 + sign * 0.9 * strength),
  },
  {
    name: 'posterize',
    signed: false,
    run: (from, to, _, strength) => posterize(from, to, 8 - Math.round(4 * strength)),
  },
  {
    name: 'solarize',
    signed: false,
    run: (from, to, _, strength) => solarize(from, to, 255 - 255 * strength),
  },
  { name: 'auto-contrast', signed: false, run: autoContrast },
  { name: 'equalize', signed: false, run: equalize },
];

/**
 * n operations drawn with replacement from 14, all of one strength.
 *
 * Reference: Cubuk et al., "RandAugment", 2020; operations and ranges as in torchvision (31 magnitudes).
 */
export function randAugment({ n = 2, magnitude = 9 }: RandAugment, shape: ImageShape): PixelStep {
  whole('rand-augment: n', n, 0, 1000);
  within('rand-augment: magnitude', magnitude, 0, 30);
  const spare = new Uint8Array(shape[0] * shape[1] * shape[2]);
  return (from, to, random) => {
    let current = from;
    for (let k = 0; k < n; k++) {
      const operation = randAugmentOperations[random.integer(randAugmentOperations.length)]!;
      const sign = operation.signed && random.integer(2) === 1 ? -1 : 1;
      // Ends in `to`: the passes alternate between the two buffers, the last one writes there.
      const next = (n - k) % 2 === 1 ? to : spare;
      operation.run(current, next, shape, magnitude / 30, sign);
      current = next;
    }
    return n > 0;
  };
}
